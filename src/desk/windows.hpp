// Windows and their manager, by the hints of freedesktop.org (EWMH): whether the manager is up, which
// window is active, which are open.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "desk/connection.hpp"

namespace carrel::desk {

struct Window {
    xcb_window_t id = 0;
    std::string title;       ///< UTF-8, repaired
    std::string class_name;  ///< "Chromium"
    std::optional<std::uint32_t> pid;
};

class Windows {
public:
    /// Blocks: runs on the pool. `connection` must outlive it. `ready_changed` is called on the loop.
    Windows(async::Executor executor, Connection& connection);
    Windows(const Windows&) = delete;
    Windows& operator=(const Windows&) = delete;

    /// Finds out whether a manager is there already, then follows. To be started once.
    Task<> follow(std::function<void(bool is_ready)> ready_changed);
    bool is_manager_ready() const { return manager_ != 0; }

    /// In the order in which they were opened.
    Task<std::vector<Window>> list();
    Task<std::optional<Window>> find_active();
    /// Asks the window to close itself, as a click on its cross does. Queued, not sent.
    void close(xcb_window_t window);
    /// Asks the active window's program for a sign of life (_NET_WM_PING), which it gives when it has read
    /// everything that came before: true then; false when it knows no such thing or `limit` passes.
    Task<bool> ping_active(async::Duration limit);
    /// Returns true when the list of windows or the active one may have changed, false after `limit`.
    Task<bool> wait_for_change(async::Duration limit);
    /// Lets everybody return who waits for a change.
    void wake() { changed_.notify_all(); }

private:
    struct Atoms {
        xcb_atom_t supporting_check, client_list, active_window, wm_name, close_window, wm_pid, protocols,
            ping;
    };
    void note(const xcb_generic_event_t& event);
    Task<Answer<xcb_get_property_reply_t>> find_property(xcb_window_t window, xcb_atom_t property,
                                                         xcb_atom_t type);
    Task<std::vector<std::uint32_t>> numbers(xcb_window_t window, xcb_atom_t property, xcb_atom_t type);
    Task<std::optional<xcb_window_t>> find_window_property(xcb_window_t window, xcb_atom_t property);
    Task<std::string> text_property(xcb_window_t window, xcb_atom_t property);
    Task<Window> describe(xcb_window_t id);
    Task<xcb_window_t> find_manager();
    void follow_root(std::uint32_t more_events);

    Connection& connection_;
    Atoms atoms_{};
    async::Gate changed_;
    async::Gate answered_;
    std::uint32_t pings_ = 0;
    std::uint32_t last_answer_ = 0;  ///< the number of the last ping that was answered
    bool is_manager_stale_ = true;
    xcb_window_t check_ = 0;    ///< the window that the root names, whether a manager's or left behind
    xcb_window_t manager_ = 0;  ///< the same when it names itself; 0: no manager
};

}  // namespace carrel::desk
