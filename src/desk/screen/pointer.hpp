// Watching the pointer: its moves and its shape, as long as somebody wants to know (XInput 2, XFixes).
#pragma once

#include <xcb/xcb.h>

#include <cstdint>
#include <functional>

#include "desk/x11/connection.hpp"

namespace carrel::desk::screen {

class Pointer {
public:
    /// Blocks: runs on the pool. `connection` must outlive it; `moved` is called on the loop.
    Pointer(x11::Connection& connection, std::function<void()> moved);
    Pointer(const Pointer&) = delete;
    Pointer& operator=(const Pointer&) = delete;

    /// While one lives, moves are reported. Queued, not sent.
    class Watch {
    public:
        explicit Watch(Pointer& pointer) : pointer_{pointer} {
            if (pointer_.watches_++ == 0) pointer_.select(true);
        }
        ~Watch() {
            if (--pointer_.watches_ == 0) pointer_.select(false);
        }
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;

    private:
        Pointer& pointer_;
    };

private:
    void select(bool is_on);
    void note(const xcb_generic_event_t& event) const;

    x11::Connection& connection_;
    std::function<void()> moved_;
    std::uint8_t input_extension_ = 0;  ///< its number among extensions
    std::uint8_t shape_event_ = 0;
    int watches_ = 0;
};

}  // namespace carrel::desk::screen
