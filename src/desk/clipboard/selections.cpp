#include "desk/clipboard/selections.hpp"

#include <algorithm>
#include <string_view>

namespace carrel::desk::clipboard {

Selections::Selections(x11::Connection& connection) : connection_{connection} {
    constexpr std::array<std::string_view, 14> names{"CLIPBOARD",
                                                     "UTF8_STRING",
                                                     "TARGETS",
                                                     "TIMESTAMP",
                                                     "INCR",
                                                     "TEXT",
                                                     "text/plain;charset=utf-8",
                                                     "text/plain",
                                                     "image/png",
                                                     "CARREL_STAMP",
                                                     "CARREL_TRANSFER_0",
                                                     "CARREL_TRANSFER_1",
                                                     "CARREL_TRANSFER_2",
                                                     "CARREL_TRANSFER_3"};
    const auto atoms = x11::intern_atoms(connection.raw(), names);
    atoms_ = {atoms[0], atoms[1], atoms[2], atoms[3], atoms[4], atoms[5],
              atoms[6], atoms[7], atoms[8], atoms[9], {}};
    std::copy(atoms.begin() + 10, atoms.end(), atoms_.transfers.begin());
    window_ = make_window();
    connection.on_event([this](const auto& event) { note(event); });
}

xcb_window_t Selections::make_window() const {
    auto* raw = connection_.raw();
    const auto window = xcb_generate_id(raw);
    const std::uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;
    xcb_create_window(raw, XCB_COPY_FROM_PARENT, window, connection_.root(), -1, -1, 1, 1, 0,
                      XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK, &events);
    return window;
}

xcb_atom_t Selections::atom_of(Selection selection) const {
    return selection == Selection::clipboard ? atoms_.clipboard : xcb_atom_t{XCB_ATOM_PRIMARY};
}

void Selections::note(const xcb_generic_event_t& event) {
    if (x11::type_of(event) != XCB_PROPERTY_NOTIFY) return;
    const auto& change = as<xcb_property_notify_event_t>(event);
    if (change.window == window_ && change.state == XCB_PROPERTY_NEW_VALUE) now_ = change.time;
}

/// The X server's clock: an empty addition to a property of ours is an event that tells it.
Task<xcb_timestamp_t> Selections::server_time() {
    xcb_change_property(connection_.raw(), XCB_PROP_MODE_APPEND, window_, atoms_.stamp, XCB_ATOM_STRING, 8, 0,
                        nullptr);
    co_await connection_.sync();
    co_return now_;
}

Task<xcb_window_t> Selections::find_owner(Selection selection) {
    const auto reply = co_await connection_.answer<xcb_get_selection_owner_reply_t>(
        xcb_get_selection_owner(connection_.raw(), atom_of(selection)).sequence,
        "asking who has the clipboard");
    co_return reply->owner;
}

}  // namespace carrel::desk::clipboard
