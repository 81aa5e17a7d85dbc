// Watching the screen change: places and times, as long as somebody wants to know (XDamage).
#pragma once

#include <xcb/damage.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "async/gate.hpp"
#include "desk/screen/settle.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::screen {

using async::Task;

class Watch;

/// Gives the display's reports to the watches. Costs nothing while there are none: each has a damage object
/// of its own, which ends with it.
class Watching {
public:
    /// `connection` must outlive it; a Damage must have been made of it, which wakes the extension.
    Watching(async::Executor executor, x11::Connection& connection);
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;

private:
    friend class Watch;
    void note(const xcb_generic_event_t& event);

    x11::Connection& connection_;
    async::Gate changed_;
    std::uint8_t notify_event_ = 0;
    std::vector<Watch*> watches_;
};

/// Sees every change from its making on.
class Watch {
public:
    /// Queues requests, sends nothing. `watching` must outlive it.
    explicit Watch(Watching& watching);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// Waits until the screen has settled; changes since the watch began, or since the last call, count.
    /// `loading`, if there is one, is awaited too.
    /// `meanwhile`, if there is one, is done while the screen rests and most of the quiet is still to come,
    /// at most three times: what will be wanted at the end can be prepared.
    Task<Observed> settle(SettleTimes times, std::function<Task<>()> meanwhile = {},
                          Loading* loading = nullptr);
    /// Sees what has been reported until now; for who waits by himself.
    void catch_up();
    /// What held all changes that count; nothing: there were none.
    const std::optional<picture::Region>& region() const { return region_; }

private:
    friend class Watching;
    struct Report {
        Time when;
        picture::Region where;
    };
    void note(const xcb_damage_notify_event_t& event);
    void renew();
    void take_reports(Settling& settling);

    Watching& watching_;
    xcb_damage_damage_t damage_ = 0;
    std::uint32_t armed_at_ = 0;  ///< what was reported before this request was already there
    std::optional<Time> stale_since_;
    std::vector<Report> reports_;
    std::optional<picture::Region> region_;
};

}  // namespace carrel::desk::screen
