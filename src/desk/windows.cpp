#include "desk/windows.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/text.hpp"

namespace carrel::desk {

namespace {

constexpr std::uint8_t type_mask = 0x7f;
/// In units of four bytes, as the protocol counts: titles are cut there.
constexpr std::uint32_t longest_property = 1024;
constexpr std::size_t most_windows = 256;

}  // namespace

Windows::Windows(async::Executor executor, Connection& connection)
    : connection_{connection}, changed_{executor}, answered_{executor} {
    auto* raw = connection.raw();
    constexpr std::array<std::string_view, 8> names{
        "_NET_SUPPORTING_WM_CHECK", "_NET_CLIENT_LIST", "_NET_ACTIVE_WINDOW", "_NET_WM_NAME",
        "_NET_CLOSE_WINDOW",        "_NET_WM_PID",      "WM_PROTOCOLS",       "_NET_WM_PING"};
    const auto atoms = intern_atoms(raw, names);
    atoms_ = {atoms[0], atoms[1], atoms[2], atoms[3], atoms[4], atoms[5], atoms[6], atoms[7]};
    follow_root(0);
    connection.on_event([this](const auto& event) { note(event); });
}

void Windows::follow_root(std::uint32_t more_events) {
    const std::uint32_t events =
        XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY | more_events;
    xcb_change_window_attributes(connection_.raw(), connection_.root(), XCB_CW_EVENT_MASK, &events);
}

void Windows::note(const xcb_generic_event_t& event) {
    const auto type = event.response_type & type_mask;
    if (type == XCB_CLIENT_MESSAGE) {
        const auto& message = reinterpret_cast<const xcb_client_message_event_t&>(event);
        if (message.type != atoms_.protocols || message.data.data32[0] != atoms_.ping) return;
        last_answer_ = message.data.data32[1];
        answered_.notify_all();
    }
    if (type == XCB_PROPERTY_NOTIFY) {
        const auto& change = reinterpret_cast<const xcb_property_notify_event_t&>(event);
        if (change.window != connection_.root() && change.window != check_) return;
        is_manager_stale_ |= change.atom == atoms_.supporting_check;
        if (change.atom == atoms_.supporting_check || change.atom == atoms_.client_list ||
            change.atom == atoms_.active_window)
            changed_.notify_all();
    }
    if (type == XCB_DESTROY_NOTIFY &&
        reinterpret_cast<const xcb_destroy_notify_event_t&>(event).window == check_ && check_ != 0) {
        is_manager_stale_ = true;
        changed_.notify_all();
    }
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
    check_ = (co_await find_window_property(connection_.root(), atoms_.supporting_check)).value_or(0);
    if (check_ == 0) co_return 0;
    const std::uint32_t events = XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE;
    xcb_change_window_attributes(connection_.raw(), check_, XCB_CW_EVENT_MASK, &events);
    const auto named = co_await find_window_property(check_, atoms_.supporting_check);
    co_return named == check_ ? check_ : 0;
}

/// Null when the window is gone.
Task<Answer<xcb_get_property_reply_t>> Windows::find_property(xcb_window_t window, xcb_atom_t property,
                                                              xcb_atom_t type) {
    const auto cookie = xcb_get_property(connection_.raw(), 0, window, property, type, 0, longest_property);
    try {
        co_return co_await connection_.answer<xcb_get_property_reply_t>(cookie.sequence,
                                                                        "reading a property");
    } catch (const core::Error& error) {
        if (error.code() != core::Code::internal) throw;
        co_return nullptr;
    }
}

Task<std::vector<std::uint32_t>> Windows::numbers(xcb_window_t window, xcb_atom_t property, xcb_atom_t type) {
    const auto reply = co_await find_property(window, property, type);
    if (!reply || reply->format != 32) co_return std::vector<std::uint32_t>{};
    const auto* first = static_cast<const std::uint32_t*>(xcb_get_property_value(reply.get()));
    co_return std::vector<std::uint32_t>(first, first + xcb_get_property_value_length(reply.get()) / 4);
}

Task<std::optional<xcb_window_t>> Windows::find_window_property(xcb_window_t window, xcb_atom_t property) {
    const auto ids = co_await numbers(window, property, XCB_ATOM_WINDOW);
    if (ids.empty()) co_return std::nullopt;
    co_return ids[0];
}

Task<std::string> Windows::text_property(xcb_window_t window, xcb_atom_t property) {
    const auto reply = co_await find_property(window, property, XCB_GET_PROPERTY_TYPE_ANY);
    if (!reply || reply->format != 8) co_return std::string{};
    co_return std::string{static_cast<const char*>(xcb_get_property_value(reply.get())),
                          static_cast<std::size_t>(xcb_get_property_value_length(reply.get()))};
}

Task<Window> Windows::describe(xcb_window_t id) {
    Window window{id, co_await text_property(id, atoms_.wm_name), {}, std::nullopt};
    if (window.title.empty()) window.title = co_await text_property(id, XCB_ATOM_WM_NAME);
    window.title = core::repair_utf8(window.title);
    // WM_CLASS is two texts, each with a zero byte after it: the instance, the class.
    const auto both = co_await text_property(id, XCB_ATOM_WM_CLASS);
    if (const auto end = both.find('\0'); end != std::string::npos) window.class_name = both.substr(end + 1);
    while (window.class_name.ends_with('\0')) window.class_name.pop_back();
    const auto pid = co_await numbers(id, atoms_.wm_pid, XCB_ATOM_CARDINAL);
    if (!pid.empty()) window.pid = pid[0];
    co_return window;
}

Task<std::vector<Window>> Windows::list() {
    auto ids = co_await numbers(connection_.root(), atoms_.client_list, XCB_ATOM_WINDOW);
    if (ids.size() > most_windows) ids.resize(most_windows);
    std::vector<Window> windows;
    windows.reserve(ids.size());
    for (const auto id : ids) windows.push_back(co_await describe(id));
    co_return windows;
}

Task<std::optional<Window>> Windows::find_active() {
    const auto id = co_await find_window_property(connection_.root(), atoms_.active_window);
    if (!id || *id == 0) co_return std::nullopt;
    co_return co_await describe(*id);
}

void Windows::close(xcb_window_t window) {
    xcb_client_message_event_t message{};
    message.response_type = XCB_CLIENT_MESSAGE;
    message.format = 32;
    message.window = window;
    message.type = atoms_.close_window;
    message.data.data32[0] = XCB_CURRENT_TIME;
    message.data.data32[1] = 2;  // asked by a pager, not by an application (EWMH, source indication)
    xcb_send_event(connection_.raw(), 0, connection_.root(),
                   XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT,
                   reinterpret_cast<const char*>(&message));
}

Task<bool> Windows::ping_active(async::Duration limit) {
    const auto window = co_await find_window_property(connection_.root(), atoms_.active_window);
    if (!window || *window == XCB_NONE) co_return false;
    const auto known = co_await numbers(*window, atoms_.protocols, XCB_ATOM_ATOM);
    if (std::ranges::find(known, atoms_.ping) == known.end()) co_return false;
    // Answers go to the root window; only meanwhile are its children's events of interest.
    follow_root(XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY);
    xcb_client_message_event_t message{};
    message.response_type = XCB_CLIENT_MESSAGE;
    message.format = 32;
    message.window = *window;
    message.type = atoms_.protocols;
    message.data.data32[0] = atoms_.ping;
    const auto number = message.data.data32[1] = ++pings_;
    message.data.data32[2] = *window;
    xcb_send_event(connection_.raw(), 0, *window, XCB_EVENT_MASK_NO_EVENT,
                   reinterpret_cast<const char*>(&message));
    connection_.flush();
    const auto end = std::chrono::steady_clock::now() + limit;
    while (last_answer_ != number)
        if (!co_await answered_.wait_for(end - std::chrono::steady_clock::now())) break;
    follow_root(0);
    co_return last_answer_ == number;
}

Task<bool> Windows::wait_for_change(async::Duration limit) {
    if (!connection_.is_alive()) throw display_is_gone();
    co_return co_await changed_.wait_for(limit);
}

}  // namespace carrel::desk
