// Whether and when the screen changes (XDamage).
#pragma once

#include <xcb/damage.h>

#include <cstdint>
#include <utility>

#include "async/gate.hpp"
#include "desk/connection.hpp"
#include "desk/settle.hpp"

namespace carrel::desk {

/// Costs nothing while nobody asks: after one change the X server is silent until arm().
class Damage {
public:
    /// Blocks: runs on the pool. `connection` must outlive it.
    Damage(async::Executor executor, Connection& connection);
    Damage(const Damage&) = delete;
    Damage& operator=(const Damage&) = delete;

    /// How many changes were seen. What was drawn before arm() is not counted again.
    std::uint64_t changes() const { return changes_; }
    /// From here on the next change is seen. Queued, not sent.
    void arm();

    /// Reports every change as long as it lives.
    class Watch {
    public:
        explicit Watch(Damage& damage);
        ~Watch() { --damage_->watches_; }
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        /// Waits until the screen has settled; changes since the watch began count.
        Task<Observed> settle(SettleTimes times);

    private:
        Damage* damage_;
        std::uint64_t seen_;
    };

private:
    void note(const xcb_generic_event_t& event);

    Connection& connection_;
    async::Gate changed_;
    xcb_damage_damage_t damage_ = 0;
    std::uint8_t notify_event_ = 0;
    std::uint64_t changes_ = 0;
    Time last_change_{};
    bool is_armed_ = false;
    int watches_ = 0;
};

}  // namespace carrel::desk
