// Windows and their manager, by the hints of freedesktop.org (EWMH): whether the manager is up, which
// windows are open and where, which is active; and what a person does to them with the title bar.
//
// Places and sizes are those of what is seen: with the frame and title bar that the manager draws.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "desk/windows/facts.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::windows {

using async::Task;

class Windows {
public:
    /// Blocks: runs on the pool. `connection` must outlive it.
    Windows(async::Executor executor, x11::Connection& connection);
    Windows(const Windows&) = delete;
    Windows& operator=(const Windows&) = delete;

    /// Finds out whether a manager is there already, then follows. To be started once. `ready_changed` is
    /// called on the loop.
    Task<> follow(std::function<void(bool is_ready)> ready_changed);
    bool is_manager_ready() const { return manager_ != 0; }

    /// In the order in which they were opened; the panel is one of them.
    Task<std::vector<Window>> list();
    Task<std::optional<Window>> find_active();
    /// The id of the window that has the keyboard; 0: none has it.
    Task<xcb_window_t> find_active_id();
    /// Throws Error{not_found} when no such window is open.
    Task<Window> get(xcb_window_t id);

    // Each of these returns when the window is as it was asked to be. They throw Error{not_found} when it
    // is not open, and Error{conflict} that says why when it does not come about within seconds.

    Task<> focus(xcb_window_t id);  ///< a minimized one is shown
    /// As a click on its cross does; `by_force` cuts its program off from the display, with all its windows.
    Task<> close(xcb_window_t id, bool by_force);
    /// The upper left corner of its frame goes there.
    Task<> move(xcb_window_t id, int x, int y);
    /// Programs may round: a terminal to whole characters.
    Task<> resize(xcb_window_t id, int width, int height);
    Task<> minimize(xcb_window_t id);
    Task<> maximize(xcb_window_t id);
    /// Neither minimized, maximized nor full screen.
    Task<> restore(xcb_window_t id);

    /// Asks the window to close itself. Queued, not sent.
    void close(xcb_window_t window);
    /// Asks the window's program for a sign of life (_NET_WM_PING), which it gives when it has read
    /// everything that came before: true then, or when the window is gone; false when `limit` passes.
    Task<bool> ping(xcb_window_t window, async::Duration limit);
    /// Counts changes of the list of windows and of which is active.
    std::uint64_t changes() const { return changes_; }
    /// Returns true when there may have been a change since there were `seen`, false after `limit`: to be
    /// counted before it is asked for what may change, as changes come while an answer is awaited.
    Task<bool> wait_for_change(std::uint64_t seen, async::Duration limit);
    /// Lets everybody return who waits for a change.
    void wake();

private:
    class Watched;
    using Condition = std::function<Task<bool>()>;
    using Numbers = std::vector<std::uint32_t>;

    void note(const xcb_generic_event_t& event);
    void note_property(const xcb_property_notify_event_t& change);
    Task<xcb_window_t> find_manager();
    void follow_root(std::uint32_t more_events);

    // windows_reading.cpp
    Task<x11::Answer<xcb_get_property_reply_t>> find_property(xcb_window_t window, xcb_atom_t property,
                                                              xcb_atom_t type);
    Task<Numbers> numbers(xcb_window_t window, xcb_atom_t property, xcb_atom_t type);
    Task<std::optional<xcb_window_t>> find_window_property(xcb_window_t window, xcb_atom_t property);
    Task<Numbers> open_ids();
    Task<std::vector<Window>> describe(Numbers ids, xcb_window_t active);

    // windows_acting.cpp
    Task<bool> until(Condition is_so, async::Duration limit);
    void ask_manager(xcb_window_t window, xcb_atom_t type, std::array<std::uint32_t, 5> data);
    void set_states(xcb_window_t window, bool is_on, std::array<Hint, 2> states);
    Task<> unbind(Window window);
    Task<> await_other_area(Window before);
    Task<> place(xcb_window_t id, std::uint32_t members, WindowArea wish);
    Task<std::optional<Window>> find_question(xcb_window_t of, Numbers known);

    x11::Connection& connection_;
    HintAtoms atoms_;
    async::Gate changed_;
    std::uint64_t changes_ = 0;  ///< counts what changed_ told: nothing is missed while an answer is awaited
    std::multiset<xcb_window_t> watched_;  ///< windows whose own events are changes, too
    std::uint32_t pings_ = 0;
    std::uint32_t last_answer_ = 0;  ///< the number of the last ping that was answered
    bool is_manager_stale_ = true;
    xcb_window_t check_ = 0;    ///< the window that the root names, whether a manager's or left behind
    xcb_window_t manager_ = 0;  ///< the same when it names itself; 0: no manager
};

}  // namespace carrel::desk::windows
