// Windows that programs open beside the window manager: lists, menus, tips. They come before what is in them.
#pragma once

#include <xcb/xcb.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "async/task.hpp"
#include "desk/screen/loading.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::screen {

using async::Task;

class Popups {
public:
    /// `connection` must outlive it, and somebody must have selected the events of the root window's
    /// children.
    explicit Popups(x11::Connection& connection);
    Popups(const Popups&) = delete;
    Popups& operator=(const Popups&) = delete;

    /// Whether one that was mapped at `since` or later is there.
    bool has_opened(Time since) const;
    /// Whether one of those shows nothing yet, and may still be expected to.
    bool is_blank(Time since, Time now) const;
    /// Looks at those that have shown nothing until now; returns at once when somebody else is looking.
    Task<> look();

private:
    struct Popup {
        xcb_window_t id;
        Time mapped;
        bool is_mapped = true;
        bool is_painted = false;
        Time::duration blank_before{};  ///< how long it was there, blank, the times before
    };
    void note(const xcb_generic_event_t& event);
    Task<bool> is_painted(xcb_window_t id);

    bool is_awaited(const Popup& popup, Time now) const;

    x11::Connection& connection_;
    bool is_looking_ = false;
    std::vector<Popup> popups_;  ///< the latest last
};

/// Whether pixels of 32 bits show more than one colour.
bool is_painted(const std::uint8_t* pixels, std::size_t bytes);

}  // namespace carrel::desk::screen
