// One desk of the fleet, and what is watched about it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/gate.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "fleet/driver.hpp"
#include "fleet/notices.hpp"
#include "net/http.hpp"
#include "store/rows.hpp"

namespace carrel::fleet {

/// Where the time of a start went, in the order of the steps: ("commit", 2.1 ms), ("start", …), …
using Timings = std::vector<std::pair<std::string, std::chrono::duration<double, std::milli>>>;

/// How long a desk may take to answer for the first time, and to be ready after that.
struct Patience {
    std::chrono::milliseconds hello{10'000};
    std::chrono::milliseconds ready{30'000};
};

class Member {
public:
    Member(async::Executor executor, store::DeskRow row)
        : row{std::move(row)}, changed{executor}, watch_{executor} {}

    store::DeskRow row;          ///< as it was committed
    std::unique_ptr<Desk> desk;  ///< once the driver made or adopted it
    bool is_ready = false;       ///< calls may go to it
    bool is_ending = false;      ///< somebody ends it; nobody else may begin to
    async::Gate changed;         ///< of the above, and when it leaves the fleet

    /// GET /hello and GET /ready. Throws Error when it is not the desk of `row`, or does not become ready;
    /// adds the steps' times. `identity_nonce` is the driver's word.
    Task<> check(std::string identity_nonce, Patience patience, Timings& timings);

    /// Tells each notice that may go into the log, and once how the desk ended.
    void start_watching(std::function<void(Notice)> tell_notice, std::function<void(Ending)> tell_end);
    Task<> stop_watching() { return watch_.close(); }
    /// The way it ended, when that is known within a moment: the reason behind a failed start.
    Task<std::optional<Ending>> find_ending();

private:
    Task<> watch_end(std::function<void(Ending)> tell);

    NoticeLimit notice_limit_{10, std::chrono::seconds{60}};
    NoticeLimit notification_limit_{30, std::chrono::seconds{60}};
    async::Scope watch_;
};

}  // namespace carrel::fleet
