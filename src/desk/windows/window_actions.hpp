// What a person does to windows with the title bar: the manager is asked (EWMH), and its doing awaited.
//
// Places and sizes are those of what is seen: with the frame and title bar that the manager draws.
#pragma once

#include <array>
#include <optional>

#include "desk/windows/window_list.hpp"

namespace carrel::desk::windows {

class WindowActions {
public:
    /// Both must outlive it.
    WindowActions(x11::Connection& connection, WindowList& windows);
    WindowActions(const WindowActions&) = delete;
    WindowActions& operator=(const WindowActions&) = delete;

    // Each of these returns when the window is as it was asked to be. They throw Error{not_found} when it
    // is not open, and Error{conflict} that says why when it does not come about within seconds.

    Task<> focus(xcb_window_t id);  ///< a minimized one is shown
    /// As a click on its cross does; `by_force` cuts its program off from the display, with all its windows.
    Task<> close(xcb_window_t id, bool by_force);
    /// The upper left corner of its frame goes there.
    Task<> move(xcb_window_t id, int x, int y);
    /// The size that it has then, in pixels: programs may round, a terminal to whole characters. One that
    /// its program keeps as it is is a conflict.
    Task<WindowArea> resize(xcb_window_t id, int width, int height);
    Task<> minimize(xcb_window_t id);
    Task<> maximize(xcb_window_t id);
    /// Neither minimized, maximized nor full screen.
    Task<> restore(xcb_window_t id);

    /// Asks the window to close itself. Queued, not sent.
    void close(xcb_window_t window);
    /// Asks the window's program for a sign of life (_NET_WM_PING), which it gives when it has read
    /// everything that came before: true then, or when the window is gone; false when `limit` passes.
    Task<bool> ping(xcb_window_t window, async::Duration limit);

private:
    void note(const xcb_generic_event_t& event);
    void ask_manager(xcb_window_t window, xcb_atom_t type, std::array<std::uint32_t, 5> data);
    void set_states(xcb_window_t window, bool is_on, std::array<Hint, 2> states);
    Task<> unbind(Window window);
    Task<> await_other_area(Window before);
    Task<> place(xcb_window_t id, std::uint32_t members, WindowArea wish);
    Task<std::optional<Window>> find_question(xcb_window_t of, Numbers known);

    x11::Connection& connection_;
    WindowList& windows_;
    const HintAtoms& atoms_;
    std::uint32_t pings_ = 0;
    std::uint32_t last_answer_ = 0;  ///< the number of the last ping that was answered
};

}  // namespace carrel::desk::windows
