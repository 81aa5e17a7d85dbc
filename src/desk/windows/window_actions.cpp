#include "desk/windows/window_actions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace carrel::desk::windows {

namespace {

using namespace std::chrono_literals;
using core::Code;
using core::Error;

constexpr auto manager_patience = 2s;
/// Of a program that is asked to close: browsers write their state first.
constexpr auto closing_patience = 5s;
/// A size may be refused or rounded to the one that is there; then no event comes.
constexpr auto placing_patience = 500ms;

/// ICCCM 4.1.3.1.
constexpr std::uint32_t iconic_state = 3;
/// EWMH: asked by a pager, not by the application itself.
constexpr std::uint32_t by_pager = 2;
/// EWMH, _NET_MOVERESIZE_WINDOW: which members the message gives.
constexpr std::uint32_t gives_x = 1u << 8;
constexpr std::uint32_t gives_y = 1u << 9;
constexpr std::uint32_t gives_width = 1u << 10;
constexpr std::uint32_t gives_height = 1u << 11;
constexpr std::uint32_t gives_place = gives_x | gives_y;

Error refused(const Window& window, std::string_view what) {
    return Error{
        Code::conflict,
        fmt::format("the window \"{}\" (type {}) was not {} within {} s: the window manager or its program "
                    "does not allow it",
                    window.title, window.type, what,
                    std::chrono::duration_cast<std::chrono::seconds>(manager_patience).count()),
        "window_refused"};
}

Error keeps_size(const Window& window, const SizeHints& hints) {
    const auto allowed = hints.is_fixed() ? std::string{"its program allows no other"}
                                          : fmt::format("its program allows {}×{} to {}×{} inside its frame",
                                                        hints.least_width, hints.least_height,
                                                        hints.most_width, hints.most_height);
    return Error{Code::conflict,
                 fmt::format("the window \"{}\" (type {}) keeps its size of {}×{}: {}", window.title,
                             window.type, window.area.width, window.area.height, allowed),
                 "window_refused"};
}

}  // namespace

WindowActions::WindowActions(x11::Connection& connection, WindowList& windows)
    : connection_{connection}, windows_{windows}, atoms_{windows.atoms()} {
    connection.on_event([this](const auto& event) { note(event); });
}

/// Answers to pings.
void WindowActions::note(const xcb_generic_event_t& event) {
    if (x11::type_of(event) != XCB_CLIENT_MESSAGE) return;
    const auto& message = reinterpret_cast<const xcb_client_message_event_t&>(event);
    if (message.type != atoms_[Hint::protocols] || message.data.data32[0] != atoms_[Hint::ping]) return;
    last_answer_ = message.data.data32[1];
    windows_.wake();
}

Task<bool> WindowActions::ping(xcb_window_t window, async::Duration limit) {
    const WindowList::Watched watched{windows_, window};
    const auto number = ++pings_;
    xcb_client_message_event_t message{};
    message.response_type = XCB_CLIENT_MESSAGE;
    message.format = 32;
    message.window = window;
    message.type = atoms_[Hint::protocols];
    message.data.data32[0] = atoms_[Hint::ping];
    message.data.data32[1] = number;
    message.data.data32[2] = window;
    xcb_send_event(connection_.raw(), 0, window, XCB_EVENT_MASK_NO_EVENT,
                   reinterpret_cast<const char*>(&message));
    connection_.flush();
    const auto is_answered = [&]() -> Task<bool> {
        if (last_answer_ == number) co_return true;
        co_return co_await find_property(connection_, window, atoms_[Hint::protocols], XCB_ATOM_ATOM) ==
            nullptr;
    };
    co_return co_await windows_.wait_until(is_answered, limit);
}

void WindowActions::ask_manager(xcb_window_t window, xcb_atom_t type, std::array<std::uint32_t, 5> data) {
    xcb_client_message_event_t message{};
    message.response_type = XCB_CLIENT_MESSAGE;
    message.format = 32;
    message.window = window;
    message.type = type;
    std::ranges::copy(data, message.data.data32);
    xcb_send_event(connection_.raw(), 0, connection_.root(),
                   XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT,
                   reinterpret_cast<const char*>(&message));
}

void WindowActions::set_states(xcb_window_t window, bool is_on, std::array<Hint, 2> states) {
    ask_manager(window, atoms_[Hint::state],
                {is_on ? 1u : 0u, atoms_[states[0]], atoms_[states[1]], by_pager, 0});
}

Task<> WindowActions::focus(xcb_window_t id) {
    const auto window = co_await windows_.get(id);
    if (window.is_active && !window.is_minimized) {
        // Perhaps it is below others that may not have the focus.
        ask_manager(id, atoms_[Hint::active_window], {by_pager, XCB_CURRENT_TIME, 0, 0, 0});
        co_return;
    }
    const WindowList::Watched watched{windows_, id};
    ask_manager(id, atoms_[Hint::active_window], {by_pager, XCB_CURRENT_TIME, 0, 0, 0});
    const WindowList::Condition is_active = [&]() -> Task<bool> {
        co_return co_await windows_.find_active_id() == id;
    };
    if (!co_await windows_.wait_until(is_active, manager_patience)) throw refused(window, "given the focus");
}

// --- closing ----------------------------------------------------------------------------------------

void WindowActions::close(xcb_window_t window) {
    ask_manager(window, atoms_[Hint::close_window], {XCB_CURRENT_TIME, by_pager, 0, 0, 0});
}

/// A window that has opened over `of` instead of its end: "Save changes?".
Task<std::optional<Window>> WindowActions::find_question(xcb_window_t of, Numbers known) {
    for (const auto id : co_await windows_.open_ids()) {
        if (std::ranges::find(known, id) != known.end()) continue;
        if (co_await find_window_property(connection_, id, XCB_ATOM_WM_TRANSIENT_FOR) != of) continue;
        const auto found = co_await describe(connection_, atoms_, {id}, XCB_NONE);
        if (!found.empty()) co_return found.front();
    }
    co_return std::nullopt;
}

Task<> WindowActions::close(xcb_window_t id, bool by_force) {
    const auto window = co_await windows_.get(id);
    const auto known = co_await windows_.open_ids();
    const WindowList::Watched watched{windows_, id};
    if (by_force)
        xcb_kill_client(connection_.raw(), id);
    else
        close(id);
    std::optional<Window> question;
    const WindowList::Condition is_over = [&]() -> Task<bool> {
        const auto ids = co_await windows_.open_ids();
        if (std::ranges::find(ids, id) == ids.end()) co_return true;
        question = co_await find_question(id, known);
        co_return question.has_value();
    };
    const bool is_known = co_await windows_.wait_until(is_over, closing_patience);
    if (question)
        throw Error{Code::conflict,
                    fmt::format("the window \"{}\" asks something before it closes: \"{}\" (window 0x{:08x}) "
                                "has opened; answer it, or close with force",
                                window.title, question->title, question->id),
                    "window_asks"};
    if (!is_known)
        throw Error{Code::conflict,
                    fmt::format("the window \"{}\" is still open {} s after it was asked to close: look at "
                                "the screen whether it asks something; force ends its program",
                                window.title, closing_patience / 1s),
                    "window_not_closed"};
}

// --- place and state --------------------------------------------------------------------------------

/// A window that fills the screen keeps its place: it must not any more.
Task<> WindowActions::unbind(Window window) {
    if (!window.is_maximized && !window.is_fullscreen) co_return;
    set_states(window.id, false, {Hint::maximized_width, Hint::maximized_height});
    set_states(window.id, false, {Hint::fullscreen, Hint::fullscreen});
    const WindowList::Condition is_free = [&]() -> Task<bool> {
        const auto now = co_await windows_.get(window.id);
        co_return !now.is_maximized && !now.is_fullscreen;
    };
    if (!co_await windows_.wait_until(is_free, manager_patience)) throw refused(window, "restored");
    co_await await_other_area(window);
}

/// The manager tells a state before it moves the window; one that covers the same as before is not moved.
Task<> WindowActions::await_other_area(Window before) {
    const WindowList::Condition is_moved = [&]() -> Task<bool> {
        co_return (co_await windows_.get(before.id)).area != before.area;
    };
    co_await windows_.wait_until(is_moved, placing_patience);
}

/// `members` says which of `wish` are meant; the size is that of the inner part.
Task<> WindowActions::place(xcb_window_t id, std::uint32_t members, WindowArea wish) {
    const WindowList::Watched watched{windows_, id};
    co_await unbind(co_await windows_.get(id));
    const auto before = (co_await windows_.get(id)).area;
    ask_manager(id, atoms_[Hint::move_resize],
                {members | by_pager << 12 | XCB_GRAVITY_NORTH_WEST, static_cast<std::uint32_t>(wish.x),
                 static_cast<std::uint32_t>(wish.y), static_cast<std::uint32_t>(wish.width),
                 static_cast<std::uint32_t>(wish.height)});
    const WindowList::Condition is_there = [&]() -> Task<bool> {
        const auto area = (co_await windows_.get(id)).area;
        if (area != before) co_return true;
        co_return members == gives_place&& area.x == wish.x&& area.y == wish.y;
    };
    co_await windows_.wait_until(is_there, placing_patience);
}

Task<> WindowActions::move(xcb_window_t id, int x, int y) { co_await place(id, gives_place, {x, y, 0, 0}); }

Task<WindowArea> WindowActions::resize(xcb_window_t id, int width, int height) {
    auto before = co_await windows_.get(id);
    const auto hints = size_hints_of(
        co_await read_numbers(connection_, id, XCB_ATOM_WM_NORMAL_HINTS, XCB_ATOM_WM_SIZE_HINTS));
    if (hints.is_fixed()) throw keeps_size(before, hints);
    co_await unbind(before);
    before = co_await windows_.get(id);
    const auto extents =
        co_await read_numbers(connection_, id, atoms_[Hint::frame_extents], XCB_ATOM_CARDINAL);
    if (before.area.width == width && before.area.height == height) co_return before.area;
    co_await place(id, gives_width | gives_height, without_frame({0, 0, width, height}, extents));
    const auto after = co_await windows_.get(id);
    const bool is_kept = after.area.width == before.area.width && after.area.height == before.area.height;
    const bool is_rounded = std::abs(width - after.area.width) < hints.width_step &&
                            std::abs(height - after.area.height) < hints.height_step;
    if (is_kept && !is_rounded) throw keeps_size(after, hints);
    co_return after.area;
}

Task<> WindowActions::minimize(xcb_window_t id) {
    const WindowList::Watched watched{windows_, id};
    const auto window = co_await windows_.get(id);
    ask_manager(id, atoms_[Hint::change_state], {iconic_state, 0, 0, 0, 0});
    const WindowList::Condition is_so = [&]() -> Task<bool> {
        const auto now = co_await windows_.get(id);
        co_return now.is_minimized && !now.is_active;
    };
    if (!co_await windows_.wait_until(is_so, manager_patience)) throw refused(window, "minimized");
}

Task<> WindowActions::maximize(xcb_window_t id) {
    const WindowList::Watched watched{windows_, id};
    const auto window = co_await windows_.get(id);
    if (window.is_minimized) co_await focus(id);
    set_states(id, true, {Hint::maximized_width, Hint::maximized_height});
    const WindowList::Condition is_so = [&]() -> Task<bool> {
        co_return (co_await windows_.get(id)).is_maximized;
    };
    if (!co_await windows_.wait_until(is_so, manager_patience)) throw refused(window, "maximized");
    if (!window.is_maximized) co_await await_other_area(window);
}

Task<> WindowActions::restore(xcb_window_t id) {
    const WindowList::Watched watched{windows_, id};
    const auto window = co_await windows_.get(id);
    if (window.is_minimized) co_await focus(id);
    co_await unbind(window);
}

}  // namespace carrel::desk::windows
