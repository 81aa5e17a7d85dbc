#include "fleet/load.hpp"

#include <algorithm>
#include <deque>

#include "async/all.hpp"
#include "async/deadline.hpp"
#include "core/log.hpp"
#include "fleet/fleet.hpp"

namespace carrel::fleet {

namespace {

/// Questions to the driver under way at a time: whoever wants a desk meanwhile waits behind so many, not
/// behind all.
constexpr std::size_t most_at_once = 8;
/// For all together. Who scrapes waits ten seconds by default.
constexpr std::chrono::milliseconds measuring_limit{3'000};

using MemberPtr = std::shared_ptr<Member>;

/// Measures what is left in the queue, one after the other.
Task<> measure_some(std::shared_ptr<std::deque<MemberPtr>> queue, std::shared_ptr<DeskLoads> loads) {
    while (!queue->empty()) {
        const auto member = std::move(queue->front());
        queue->pop_front();
        if (!member->desk || member->is_ending) continue;
        std::exception_ptr failure;
        try {
            const auto desk = member->desk;
            const auto usage = co_await desk->usage();
            loads->push_back({member->row.id, member->row.session_id, usage});
            continue;
        } catch (...) {
            failure = std::current_exception();
        }
        if (async::is_cancellation(failure)) std::rethrow_exception(failure);
        // It may have ended at this moment, which is told elsewhere.
        core::log_debug("desk {} cannot be measured: {}", member->row.id, core::message_of(failure));
    }
}

}  // namespace

Task<std::shared_ptr<const DeskLoads>> Loads::measure() const {
    const auto queue = std::make_shared<std::deque<MemberPtr>>();
    for (const auto& member : fleet_.members())
        if (member->desk && !member->is_ending) queue->push_back(member);
    const auto loads = std::make_shared<DeskLoads>();
    loads->reserve(queue->size());
    std::vector<Task<>> tasks;
    for (std::size_t i = 0; i < std::min(most_at_once, queue->size()); ++i)
        tasks.push_back(measure_some(queue, loads));
    try {
        co_await async::deadline(measuring_limit, "measuring desks",
                                 async::all("measuring a desk", std::move(tasks)));
    } catch (const core::Error& error) {
        core::log_warning("{}: {} were not measured", error.message(), queue->size());
    }
    std::ranges::sort(*loads, {}, &DeskLoad::desk);
    co_return loads;
}

Task<std::shared_ptr<const DeskLoads>> Loads::read() {
    const auto is_known = [this] { return known_ && Clock::now() - known_since_ < lasts_; };
    while (is_measuring_ && !is_known()) co_await changed_.wait();
    if (is_known()) co_return known_;
    is_measuring_ = true;
    // However it ends, the next one may begin.
    struct Leave {
        Loads& loads;
        ~Leave() {
            loads.is_measuring_ = false;
            loads.changed_.notify_all();
        }
    } leave{*this};
    known_ = co_await measure();
    known_since_ = Clock::now();
    co_return known_;
}

}  // namespace carrel::fleet
