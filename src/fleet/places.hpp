// Places: how many desks there may be, of all and of each principal, and who waits for one.
//
// A place is counted from when somebody gets it until its holder lets it go, whatever became of the desk.
// Who waits gets one in a fair order: the principals take turns, and of one the first who came is first.
// Nobody who comes later goes before one who waits and could be served.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "async/task.hpp"
#include "core/desk_shape.hpp"
#include "core/error.hpp"

namespace carrel::fleet {

using async::Task;

/// What desks may take together; 0 is as much as they like.
struct Caps {
    unsigned desks = 0;
    std::uint64_t memory = 0;  ///< bytes, the sum of their limits
    double cpus = 0;           ///< cores' worth of time, the sum of their limits
    bool operator==(const Caps&) const = default;
};

/// One desk more.
struct Need {
    std::string principal;
    core::Limits limits;
};

/// Held by who has a place; letting go of the last copy gives it back.
using Place = std::shared_ptr<const Need>;

/// Somebody who waits.
struct Waiter {
    std::uint64_t number = 0;  ///< of this server's life
    std::string principal;
    std::string session;       ///< that is to have the desk
    std::size_t position = 0;  ///< from 1 on, among all who wait
    std::chrono::steady_clock::time_point since;
};

class Places {
public:
    /// Caps of one principal; asked each time.
    using CapsOf = std::function<Caps(const std::string& principal)>;

    Places(async::Executor executor, Caps of_all, CapsOf of_one);
    ~Places();
    Places(const Places&) = delete;
    Places& operator=(const Places&) = delete;

    /// At once. Throws Error{exhausted}: "no_free_desk" when the server is full, "quota_reached" when the
    /// principal has as much as it may.
    Place take(Need need);
    /// The same, but waits up to `limit` for one; `tell` hears the position whenever it changes. Throws what
    /// take() would when the time is over, and also when no waiting could help. Cancelling leaves the line.
    Task<Place> wait_for(Need need, std::string session, std::chrono::milliseconds limit,
                         std::function<void(std::size_t)> tell);
    /// Of a desk that exists already, whatever the caps say.
    Place take_over(Need need);

    /// Nobody waits any more: who does, and who comes to, hears why. Returns when the line is empty.
    Task<> close_line(core::Error why);
    /// The session waits no more: who waits for it gets Error{conflict}.
    void drop(const std::string& session);
    /// Whether and where it waits.
    std::optional<Waiter> find(const std::string& session) const;
    /// In the order in which they will be served.
    std::vector<Waiter> waiting() const;
    /// How many places are held.
    std::size_t held() const { return ledger_->held.size(); }
    std::size_t held_by(const std::string& principal) const;

private:
    struct Waiting {
        Waiter waiter;
        Need need;
        std::function<void(std::size_t)> tell;
        std::size_t told = 0;
        Place place;  ///< once it is served
        bool is_dropped = false;
    };
    /// Shared with the places, which may live longer than this.
    struct Ledger {
        std::list<Need> held;
        std::function<void()> when_freed;
    };

    Place hold(Need need);
    /// Nothing when it fits now.
    std::optional<core::Error> why_not(const Need& need) const;
    /// Whether somebody waits for whom the server has no room: nobody may go before him.
    bool is_held_up() const;
    static bool may_hold_up(const Waiting& waiting);
    /// Why it would not fit even if nobody else had a place.
    std::optional<core::Error> why_never(const Need& need) const;
    std::vector<Waiting*> in_order() const;
    void serve();
    void tell_positions();

    Caps of_all_;
    CapsOf of_one_;
    std::shared_ptr<Ledger> ledger_;
    std::list<Waiting*> line_;
    std::map<std::string, std::uint64_t> last_served_;  ///< of principals who wait or waited
    std::uint64_t last_number_ = 0;
    std::uint64_t last_turn_ = 0;
    std::optional<core::Error> closed_;  ///< why nobody may wait any more
    async::Gate changed_;
};

}  // namespace carrel::fleet
