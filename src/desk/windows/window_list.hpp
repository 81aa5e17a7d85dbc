// Windows and their manager, by the hints of freedesktop.org (EWMH): whether the manager is up, which
// windows are open and where, which is active; and when that changes.
//
// Places and sizes are those of what is seen: with the frame and title bar that the manager draws.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "async/gate.hpp"
#include "desk/windows/facts.hpp"
#include "desk/windows/reading.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::windows {

class WindowList {
public:
    /// Blocks: runs on the pool. `connection` must outlive it.
    WindowList(async::Executor executor, x11::Connection& connection);
    WindowList(const WindowList&) = delete;
    WindowList& operator=(const WindowList&) = delete;

    /// Finds out whether a manager is there already, then follows. To be started once. `ready_changed` is
    /// called on the loop.
    Task<> follow(std::function<void(bool is_ready)> ready_changed);
    bool is_manager_ready() const { return manager_ != 0; }

    /// In the order in which they were opened; the panel is one of them.
    Task<std::vector<Window>> list();
    /// The ids of the same.
    Task<Numbers> open_ids();
    Task<std::optional<Window>> find_active();
    /// The id of the window that has the keyboard; 0: none has it.
    Task<xcb_window_t> find_active_id();
    /// Throws Error{not_found} when no such window is open.
    Task<Window> get(xcb_window_t id);

    /// Counts changes of the list of windows and of which is active.
    std::uint64_t changes() const { return changes_; }
    /// Returns true when there may have been a change since there were `seen`, false after `limit`: to be
    /// counted before it is asked for what may change, as changes come while an answer is awaited.
    Task<bool> wait_for_change(std::uint64_t seen, async::Duration limit);
    /// Asks at once, and again after each change, until it is so; false when `limit` passes.
    using Condition = std::function<Task<bool>()>;
    Task<bool> wait_until(Condition is_so, async::Duration limit);
    /// Until the manager has told how many desktops there are, for at most `limit`: it does so after it has
    /// told that it is there, and not every one does.
    Task<> wait_for_desktops(async::Duration limit);
    /// Gives the manager an event of no meaning: what came while it was starting, Openbox may leave until
    /// the next one comes.
    void nudge_manager();
    /// Lets everybody return who waits for a change.
    void wake();

    /// As long as it lives, the window's own events count as changes.
    class Watched {
    public:
        Watched(WindowList& windows, xcb_window_t id);
        ~Watched();
        Watched(const Watched&) = delete;
        Watched& operator=(const Watched&) = delete;

    private:
        WindowList& windows_;
        xcb_window_t id_;
    };
    const HintAtoms& atoms() const { return atoms_; }

private:
    void note(const xcb_generic_event_t& event);
    void note_property(const xcb_property_notify_event_t& change);
    Task<xcb_window_t> find_manager();

    x11::Connection& connection_;
    HintAtoms atoms_;
    async::Gate changed_;
    std::uint64_t changes_ = 0;  ///< counts what changed_ told: nothing is missed while an answer is awaited
    std::multiset<xcb_window_t> watched_;  ///< windows whose own events are changes, too
    bool is_manager_stale_ = true;
    bool is_manager_lost_ = false;  ///< its check window is gone: the next one's may have the same number
    xcb_window_t check_ = 0;        ///< the window that the root names, whether a manager's or left behind
    xcb_window_t manager_ = 0;      ///< the same when it names itself; 0: no manager
};

}  // namespace carrel::desk::windows
