// What both sides of the clipboard, the one that gives and the one that takes, need of the display: names,
// the window that owns what we give, the clock by which it is told who was first.
#pragma once

#include <array>

#include "desk/clipboard/selection.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::clipboard {

using async::Task;

template <class Event>
const Event& as(const xcb_generic_event_t& event) {
    return reinterpret_cast<const Event&>(event);
}

class Selections {
public:
    struct Atoms {
        xcb_atom_t clipboard, utf8, targets, timestamp, incremental, text, plain_utf8, plain, png, stamp;
        /// Properties, used in turn: a late answer is not taken for the next.
        std::array<xcb_atom_t, 4> transfers;
    };

    /// Blocks: runs on the pool. `connection` must outlive it.
    explicit Selections(x11::Connection& connection);
    Selections(const Selections&) = delete;
    Selections& operator=(const Selections&) = delete;

    const Atoms& atoms() const { return atoms_; }
    xcb_atom_t atom_of(Selection selection) const;
    /// It owns what we give.
    xcb_window_t window() const { return window_; }
    /// One that is never seen, whose properties are followed. Queued, not sent.
    xcb_window_t make_window() const;
    Task<xcb_timestamp_t> server_time();
    /// XCB_NONE: nobody has it.
    Task<xcb_window_t> find_owner(Selection selection);

private:
    void note(const xcb_generic_event_t& event);

    x11::Connection& connection_;
    Atoms atoms_{};
    xcb_window_t window_ = 0;
    xcb_timestamp_t now_ = XCB_CURRENT_TIME;  ///< of the latest event of our window
};

}  // namespace carrel::desk::clipboard
