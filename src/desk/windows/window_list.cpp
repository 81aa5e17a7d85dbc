#include "desk/windows/windows.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace carrel::desk::windows {

namespace {

constexpr std::uint8_t type_mask = 0x7f;

template <class Event>
const Event& as(const xcb_generic_event_t& event) {
    return reinterpret_cast<const Event&>(event);
}

}  // namespace

Windows::Windows(async::Executor executor, x11::Connection& connection)
    : connection_{connection}, atoms_{x11::intern_atoms(connection.raw(), hint_names)}, changed_{executor} {
    follow_root(0);
    connection.on_event([this](const auto& event) { note(event); });
}

void Windows::follow_root(std::uint32_t more_events) {
    const std::uint32_t events =
        XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY | more_events;
    xcb_change_window_attributes(connection_.raw(), connection_.root(), XCB_CW_EVENT_MASK, &events);
}

void Windows::wake() {
    ++changes_;
    changed_.notify_all();
}

void Windows::note(const xcb_generic_event_t& event) {
    switch (event.response_type & type_mask) {
        case XCB_CLIENT_MESSAGE: {
            const auto& message = as<xcb_client_message_event_t>(event);
            if (message.type != atoms_[Hint::protocols] || message.data.data32[0] != atoms_[Hint::ping])
                return;
            last_answer_ = message.data.data32[1];
            wake();
            return;
        }
        case XCB_PROPERTY_NOTIFY: note_property(as<xcb_property_notify_event_t>(event)); return;
        case XCB_CONFIGURE_NOTIFY:
            if (watched_.contains(as<xcb_configure_notify_event_t>(event).window)) wake();
            return;
        case XCB_DESTROY_NOTIFY: {
            const auto window = as<xcb_destroy_notify_event_t>(event).window;
            is_manager_stale_ |= window == check_ && check_ != 0;
            if (window == check_ || watched_.contains(window)) wake();
            return;
        }
        default: return;
    }
}

void Windows::note_property(const xcb_property_notify_event_t& change) {
    if (watched_.contains(change.window)) return wake();
    if (change.window != connection_.root() && change.window != check_) return;
    is_manager_stale_ |= change.atom == atoms_[Hint::supporting_check];
    if (change.atom == atoms_[Hint::supporting_check] || change.atom == atoms_[Hint::client_list] ||
        change.atom == atoms_[Hint::active_window])
        wake();
}

Task<> Windows::follow(std::function<void(bool)> ready_changed) {
    while (connection_.is_alive()) {
        if (is_manager_stale_) {
            is_manager_stale_ = false;
            // The old answer stands until there is a new one: who looks meanwhile would wait for news.
            const auto found = co_await find_manager();
            if (std::exchange(manager_, found) != found) ready_changed(found != 0);
            continue;
        }
        co_await changed_.wait();
    }
}

/// A manager that has died leaves the root's property behind: only a check window that names itself
/// counts. When it comes to name itself, or ends, an event tells.
Task<xcb_window_t> Windows::find_manager() {
    const auto property = atoms_[Hint::supporting_check];
    check_ = (co_await find_window_property(connection_.root(), property)).value_or(0);
    if (check_ == 0) co_return 0;
    const std::uint32_t events = XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE;
    xcb_change_window_attributes(connection_.raw(), check_, XCB_CW_EVENT_MASK, &events);
    const auto named = co_await find_window_property(check_, property);
    co_return named == check_ ? check_ : 0;
}

Task<bool> Windows::wait_for_change(std::uint64_t seen, async::Duration limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (changes_ == seen) {
        if (!connection_.is_alive()) throw x11::display_is_gone();
        if (!co_await changed_.wait_for(end - std::chrono::steady_clock::now())) co_return false;
    }
    co_return true;
}

}  // namespace carrel::desk::windows
