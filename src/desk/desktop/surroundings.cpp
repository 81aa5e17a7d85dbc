#include "desk/desktop/surroundings.hpp"

#include <xcb/xfixes.h>

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace carrel::desk::desktop {

namespace {

/// In units of four bytes, as the protocol counts: titles are cut there.
constexpr std::uint32_t title_words = 256;
constexpr std::uint32_t most_windows = 256;

/// Null instead of an exception when the window is gone.
template <class T>
Task<x11::Answer<T>> find_answer(x11::Connection& connection, unsigned sequence) {
    try {
        co_return co_await connection.answer<T>(sequence, "reading a property");
    } catch (const core::Error& error) {
        if (error.code() != core::Code::internal) throw;
        co_return nullptr;
    }
}

}  // namespace

Surroundings::Surroundings(async::Executor executor, x11::Connection& connection,
                           windows::WindowList& windows)
    : connection_{connection}, windows_{windows}, turns_{executor} {
    auto* raw = connection.raw();
    constexpr std::array<std::string_view, 4> names{"_NET_CLIENT_LIST", "_NET_ACTIVE_WINDOW", "_NET_WM_NAME",
                                                    "CLIPBOARD"};
    const auto atoms = x11::intern_atoms(raw, names);
    atoms_ = {atoms[0], atoms[1], atoms[2], atoms[3]};
    const auto* fixes = xcb_get_extension_data(raw, &xcb_xfixes_id);
    if (!fixes || !fixes->present)
        throw core::Error{core::Code::unavailable, "the display has no XFIXES extension"};
    selection_event_ = fixes->first_event + XCB_XFIXES_SELECTION_NOTIFY;
    xcb_discard_reply(raw, xcb_xfixes_query_version(raw, 5, 0).sequence);
    xcb_xfixes_select_selection_input(raw, connection.root(), atoms_.clipboard,
                                      XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER |
                                          XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_WINDOW_DESTROY |
                                          XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_CLIENT_CLOSE);
    connection.on_event([this](const auto& event) { note(event); });
}

void Surroundings::note(const xcb_generic_event_t& event) {
    const auto type = x11::type_of(event);
    if (type == XCB_PROPERTY_NOTIFY) note(reinterpret_cast<const xcb_property_notify_event_t&>(event));
    if (type != selection_event_) return;
    const auto& copy = reinterpret_cast<const xcb_xfixes_selection_notify_event_t&>(event);
    // What we ourselves put there is no news, neither by request nor while typing.
    const auto* setup = xcb_get_setup(connection_.raw());
    const bool is_ours =
        copy.owner != XCB_NONE && (copy.owner & ~setup->resource_id_mask) == setup->resource_id_base;
    if (copy.selection == atoms_.clipboard && copy.owner != XCB_NONE && !is_ours) ++scene_.copies;
}

void Surroundings::note(const xcb_property_notify_event_t& change) {
    if (change.window == connection_.root())
        is_root_stale_ |= change.atom == atoms_.clients || change.atom == atoms_.active;
    else if ((change.atom == atoms_.name || change.atom == XCB_ATOM_WM_NAME) && scene_.find(change.window))
        stale_titles_.insert(change.window);
}

unsigned Surroundings::ask(xcb_window_t window, xcb_atom_t property, std::uint32_t words) {
    return xcb_get_property(connection_.raw(), 0, window, property, XCB_GET_PROPERTY_TYPE_ANY, 0, words)
        .sequence;
}

Task<std::vector<std::uint32_t>> Surroundings::read_ids(unsigned sequence) {
    const auto reply = co_await find_answer<xcb_get_property_reply_t>(connection_, sequence);
    if (!reply || reply->format != 32) co_return std::vector<std::uint32_t>{};
    const auto* first = static_cast<const std::uint32_t*>(xcb_get_property_value(reply.get()));
    co_return std::vector<std::uint32_t>(first, first + xcb_get_property_value_length(reply.get()) / 4);
}

Task<std::string> Surroundings::read_text(unsigned sequence) {
    const auto reply = co_await find_answer<xcb_get_property_reply_t>(connection_, sequence);
    if (!reply || reply->format != 8) co_return std::string{};
    const std::string_view bytes{static_cast<const char*>(xcb_get_property_value(reply.get())),
                                 static_cast<std::size_t>(xcb_get_property_value_length(reply.get()))};
    // A title that was cut within a character ends before it.
    co_return core::repair_utf8(core::is_utf8(bytes) ? bytes : core::utf8_prefix(bytes, bytes.size()));
}

Task<> Surroundings::read_root() {
    is_root_stale_ = false;
    const auto clients = ask(connection_.root(), atoms_.clients, most_windows);
    const auto ids = co_await read_ids(clients);
    scene_.active = co_await windows_.find_active_id();
    std::vector<Scene::Window> windows;
    for (const auto id : ids) {
        if (const auto* known = scene_.find(id)) {
            windows.push_back(*known);
            continue;
        }
        // The same as WindowList selects: of one connection, the last selection counts.
        const std::uint32_t events = XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE;
        xcb_change_window_attributes(connection_.raw(), id, XCB_CW_EVENT_MASK, &events);
        windows.push_back({id, {}});
        stale_titles_.insert(id);
    }
    scene_.windows = std::move(windows);
}

Task<> Surroundings::read_titles() {
    struct Question {
        xcb_window_t id;
        unsigned name, old_name;
    };
    std::vector<Question> questions;
    for (const auto id : std::exchange(stale_titles_, {}))
        questions.push_back({id, ask(id, atoms_.name, title_words), ask(id, XCB_ATOM_WM_NAME, title_words)});
    for (const auto& [id, name, old_name] : questions) {
        auto title = co_await read_text(name);
        auto old_title = co_await read_text(old_name);
        const auto place = std::ranges::find(scene_.windows, id, &Scene::Window::id);
        if (place != scene_.windows.end())
            place->title = title.empty() ? std::move(old_title) : std::move(title);
    }
}

Task<Scene> Surroundings::look() {
    const auto turn = co_await turns_.take();
    // A program that renames its window without end is followed twice, then it is as it is.
    for (int i = 0; i < 2 && (is_root_stale_ || !stale_titles_.empty()); ++i) {
        if (is_root_stale_) co_await read_root();
        if (!stale_titles_.empty()) co_await read_titles();
    }
    co_return scene_;
}

}  // namespace carrel::desk::desktop
