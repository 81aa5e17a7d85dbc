// One desk of the fleet, and what is watched about it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <exception>
#include "async/gate.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "core/desk_beginning.hpp"
#include "fleet/driver.hpp"
#include "fleet/notices.hpp"
#include "fleet/places.hpp"
#include "net/http.hpp"
#include "store/rows.hpp"

namespace carrel::fleet {

/// Where the time of a start went, in the order of the steps: ("commit", 2.1 ms), ("start", …), …
using Timings = std::vector<std::pair<std::string, std::chrono::duration<double, std::milli>>>;

/// How long a desk may take.
struct Patience {
    std::chrono::milliseconds hello{10'000};  ///< to answer for the first time
    std::chrono::milliseconds ready{30'000};  ///< to be ready after that
    std::chrono::milliseconds begin{60'000};  ///< to do what its owner wishes first
    /// What an earlier server left is asked for so long before the server serves all the same.
    std::chrono::milliseconds before_serving{500};
    /// One that does not answer for so long after the server's start is told of as hung. It is asked on.
    std::chrono::milliseconds hung{5'000};
};

/// The reason of the Error when what answers is another desk than the one that is asked.
inline constexpr std::string_view not_this_desk = "not_this_desk";

/// What was thrown, as an Error: internal when it was something else.
core::Error error_from(const std::exception_ptr& failure);

/// What of its owner's workspaces the desk has.
std::optional<WorkspaceUse> workspace_of(const store::DeskRow& row);

class Member {
public:
    Member(async::Executor executor, store::DeskRow row)
        : row{std::move(row)}, changed{executor}, watch_{executor} {}

    store::DeskRow row;  ///< as it was committed
    /// Once the driver made or adopted it, and until it sleeps. Who asks it something meanwhile holds it.
    std::shared_ptr<Desk> desk;
    bool is_ready = false;   ///< calls may go to it
    bool is_ending = false;  ///< somebody ends it; nobody else may begin to
    /// An earlier server made it and it is asked whether it is well: nobody has to wait for that to end it.
    bool is_left_over = false;
    /// It is just being frozen or thawed, put to sleep or made anew; nobody else may begin to.
    bool is_resting_changing = false;
    bool is_rising = false;                   ///< it is being made anew
    std::size_t rises = 0;                    ///< how often it was tried to make it anew after sleep
    std::optional<core::Error> rise_failure;  ///< of the last time
    bool is_being_handed_over = false;        ///< from the warm ones to its first owner
    Place place;                              ///< counted for its owner; none of a warm one
    bool is_storing_screen = false;           ///< that its screen has another size
    NoticeLimit screen_limit{10, std::chrono::seconds{60}};  ///< of events that tell it
    std::optional<Ending> ending;  ///< how it came to an end by itself, from when that is known
    async::Gate changed;           ///< of the above, and when it leaves the fleet

    bool is_warm() const { return row.session_id.empty(); }
    /// None of its processes runs: it answers nothing until it is woken.
    bool is_resting() const { return store::is_resting(row.state); }
    bool can_be_ended() const { return (is_ready || is_left_over) && !is_ending; }

    /// GET /hello and GET /ready. Throws Error when it is not the desk of `row`, or does not become ready;
    /// adds the steps' times. `identity_nonce` is the driver's word.
    Task<> check(std::string identity_nonce, Patience patience, Timings& timings);

    /// Tells the desk what its owner wishes of it, unless that is nothing; returns when it has done so. Adds
    /// the step's time. Throws Error: invalid or conflict for what the desk cannot do, as its client shall
    /// read it.
    Task<> begin(core::DeskBeginning beginning, Patience patience, Timings& timings);

    /// Tells once how the desk ended, when it does.
    void watch_end(std::function<void(Ending)> tell);
    /// Tells each notice that may go into the log.
    void watch_notices(std::function<void(Notice)> tell);
    Task<> stop_watching() { return watch_.close(); }
    /// The way it ended, when that is known within a moment: the reason behind a failed start.
    Task<std::optional<Ending>> find_ending();

private:
    Task<> wait_for_end(std::function<void(Ending)> tell);

    NoticeLimit notice_limit_{10, std::chrono::seconds{60}};
    NoticeLimit notification_limit_{30, std::chrono::seconds{60}};
    async::Scope watch_;
};

}  // namespace carrel::fleet
