#include "desk/screen/damage.hpp"

namespace carrel::desk::screen {

namespace {}  // namespace

Damage::Damage(x11::Connection& connection) : connection_{connection} {
    auto* raw = connection.raw();
    const auto* extension = xcb_get_extension_data(raw, &xcb_damage_id);
    if (!extension || !extension->present)
        throw core::Error{core::Code::unavailable, "the display has no DAMAGE extension"};
    notify_event_ = extension->first_event + XCB_DAMAGE_NOTIFY;
    // Asking for the version is what makes the extension answer at all.
    std::free(xcb_damage_query_version_reply(raw, xcb_damage_query_version(raw, 1, 1), nullptr));
    damage_ = xcb_generate_id(raw);
    xcb_damage_create(raw, damage_, connection.root(), XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
    connection.on_event([this](const auto& event) { note(event); });
    is_armed_ = true;
}

void Damage::arm() {
    if (std::exchange(is_armed_, true)) return;
    xcb_damage_subtract(connection_.raw(), damage_, XCB_NONE, XCB_NONE);
}

void Damage::note(const xcb_generic_event_t& event) {
    if (x11::type_of(event) != notify_event_) return;
    if (reinterpret_cast<const xcb_damage_notify_event_t&>(event).damage != damage_) return;
    ++changes_;
    is_armed_ = false;
}

}  // namespace carrel::desk::screen
