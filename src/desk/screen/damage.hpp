// Whether the screen has changed (XDamage).
#pragma once

#include <xcb/damage.h>

#include <cstdint>
#include <utility>

#include "desk/x11/connection.hpp"

namespace carrel::desk::screen {

/// Costs nothing while nobody asks: after one change the X server is silent until arm().
class Damage {
public:
    /// Blocks: runs on the pool. `connection` must outlive it.
    explicit Damage(x11::Connection& connection);
    Damage(const Damage&) = delete;
    Damage& operator=(const Damage&) = delete;

    /// How many changes were seen. What was drawn before arm() is not counted again.
    std::uint64_t changes() const { return changes_; }
    /// From here on the next change is seen. Queued, not sent.
    void arm();

private:
    void note(const xcb_generic_event_t& event);

    x11::Connection& connection_;
    xcb_damage_damage_t damage_ = 0;
    std::uint8_t notify_event_ = 0;
    std::uint64_t changes_ = 0;
    bool is_armed_ = false;
};

}  // namespace carrel::desk::screen
