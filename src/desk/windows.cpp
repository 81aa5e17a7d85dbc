#include "desk/windows.hpp"

#include <array>
#include <string_view>

#include "core/text.hpp"

namespace carrel::desk {

namespace {

constexpr std::uint8_t type_mask = 0x7f;
/// In units of four bytes, as the protocol counts: titles are cut there.
constexpr std::uint32_t longest_property = 1024;
constexpr std::size_t most_windows = 256;

}  // namespace

Windows::Windows(async::Executor executor, Connection& connection)
    : connection_{connection}, changed_{std::move(executor)} {
    auto* raw = connection.raw();
    constexpr std::array<std::string_view, 7> names{
        "_NET_SUPPORTING_WM_CHECK", "_NET_CLIENT_LIST", "_NET_ACTIVE_WINDOW", "_NET_WM_NAME", "UTF8_STRING",
        "_NET_CLOSE_WINDOW",        "_NET_WM_PID"};
    std::array<xcb_intern_atom_cookie_t, names.size()> cookies;
    for (std::size_t i = 0; i < names.size(); ++i)
        cookies[i] = xcb_intern_atom(raw, 0, static_cast<std::uint16_t>(names[i].size()), names[i].data());
    std::array<xcb_atom_t, names.size()> atoms;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const Answer<xcb_intern_atom_reply_t> reply{xcb_intern_atom_reply(raw, cookies[i], nullptr)};
        if (!reply) throw display_is_gone();
        atoms[i] = reply->atom;
    }
    atoms_ = {atoms[0], atoms[1], atoms[2], atoms[3], atoms[4], atoms[5], atoms[6]};
    const std::uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY;
    xcb_change_window_attributes(raw, connection.root(), XCB_CW_EVENT_MASK, &events);
    connection.on_event([this](const auto& event) { note(event); });
}

void Windows::note(const xcb_generic_event_t& event) {
    const auto type = event.response_type & type_mask;
    if (type == XCB_PROPERTY_NOTIFY) {
        const auto& change = reinterpret_cast<const xcb_property_notify_event_t&>(event);
        if (change.window != connection_.root()) return;
        is_manager_stale_ |= change.atom == atoms_.supporting_check;
        if (change.atom == atoms_.supporting_check || change.atom == atoms_.client_list ||
            change.atom == atoms_.active_window)
            changed_.notify_all();
    }
    if (type == XCB_DESTROY_NOTIFY &&
        reinterpret_cast<const xcb_destroy_notify_event_t&>(event).window == manager_ && manager_ != 0) {
        is_manager_stale_ = true;
        changed_.notify_all();
    }
}

Task<> Windows::follow(std::function<void(bool)> ready_changed) {
    while (connection_.is_alive()) {
        if (is_manager_stale_) {
            const auto before = manager_;
            co_await look_for_manager();
            if (manager_ != before) ready_changed(manager_ != 0);
            continue;
        }
        co_await changed_.wait();
    }
}

/// A manager that has died leaves the root's property behind: only a check window that names itself
/// counts. Its end is told by an event then.
Task<> Windows::look_for_manager() {
    is_manager_stale_ = false;
    manager_ = 0;
    const auto check = co_await find_window_property(connection_.root(), atoms_.supporting_check);
    if (!check) co_return;
    const std::uint32_t events = XCB_EVENT_MASK_STRUCTURE_NOTIFY;
    xcb_change_window_attributes(connection_.raw(), *check, XCB_CW_EVENT_MASK, &events);
    const auto named = co_await find_window_property(*check, atoms_.supporting_check);
    if (named == check) manager_ = *check;
}

Task<std::optional<xcb_window_t>> Windows::find_window_property(xcb_window_t window, xcb_atom_t property) {
    const auto cookie = xcb_get_property(connection_.raw(), 0, window, property, XCB_ATOM_WINDOW, 0, 1);
    try {
        const auto reply =
            co_await connection_.answer<xcb_get_property_reply_t>(cookie.sequence, "reading a hint");
        if (xcb_get_property_value_length(reply.get()) < 4) co_return std::nullopt;
        co_return *static_cast<const xcb_window_t*>(xcb_get_property_value(reply.get()));
    } catch (const core::Error& error) {
        // The window is gone.
        if (error.code() != core::Code::internal) throw;
        co_return std::nullopt;
    }
}

Task<std::string> Windows::text_property(xcb_window_t window, xcb_atom_t property) {
    const auto cookie = xcb_get_property(connection_.raw(), 0, window, property, XCB_GET_PROPERTY_TYPE_ANY, 0,
                                         longest_property);
    try {
        const auto reply =
            co_await connection_.answer<xcb_get_property_reply_t>(cookie.sequence, "reading a text");
        if (reply->format != 8) co_return std::string{};
        co_return std::string{static_cast<const char*>(xcb_get_property_value(reply.get())),
                              static_cast<std::size_t>(xcb_get_property_value_length(reply.get()))};
    } catch (const core::Error& error) {
        if (error.code() != core::Code::internal) throw;
        co_return std::string{};
    }
}

Task<Window> Windows::describe(xcb_window_t id) {
    Window window{id, co_await text_property(id, atoms_.wm_name), {}, std::nullopt};
    if (window.title.empty()) window.title = co_await text_property(id, XCB_ATOM_WM_NAME);
    window.title = core::repair_utf8(window.title);
    // WM_CLASS is two texts, each with a zero byte after it: the instance, the class.
    const auto both = co_await text_property(id, XCB_ATOM_WM_CLASS);
    if (const auto end = both.find('\0'); end != std::string::npos) window.class_name = both.substr(end + 1);
    while (window.class_name.ends_with('\0')) window.class_name.pop_back();
    const auto cookie = xcb_get_property(connection_.raw(), 0, id, atoms_.wm_pid, XCB_ATOM_CARDINAL, 0, 1);
    try {
        const auto reply =
            co_await connection_.answer<xcb_get_property_reply_t>(cookie.sequence, "reading a number");
        if (xcb_get_property_value_length(reply.get()) >= 4)
            window.pid = *static_cast<const std::uint32_t*>(xcb_get_property_value(reply.get()));
    } catch (const core::Error& error) {
        if (error.code() != core::Code::internal) throw;
    }
    co_return window;
}

Task<std::vector<Window>> Windows::list() {
    const auto cookie = xcb_get_property(connection_.raw(), 0, connection_.root(), atoms_.client_list,
                                         XCB_ATOM_WINDOW, 0, most_windows);
    const auto reply =
        co_await connection_.answer<xcb_get_property_reply_t>(cookie.sequence, "reading the list of windows");
    const auto* ids = static_cast<const xcb_window_t*>(xcb_get_property_value(reply.get()));
    const auto count = static_cast<std::size_t>(xcb_get_property_value_length(reply.get())) / sizeof *ids;
    std::vector<Window> windows;
    for (std::size_t i = 0; i < count; ++i) windows.push_back(co_await describe(ids[i]));
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

Task<bool> Windows::wait_for_change(async::Duration limit) {
    if (!connection_.is_alive()) throw display_is_gone();
    co_return co_await changed_.wait_for(limit);
}

}  // namespace carrel::desk
