// A program of a desk that init keeps alive, and how often it may end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

#include "core/desk_log.hpp"
#include "desk/init/init.hpp"

namespace carrel::desk::init {

/// So often a part may be started within the time that is counted.
constexpr std::size_t most_starts = 5;
constexpr std::chrono::minutes counted_time{1};

/// A part of the desk that init keeps alive.
struct Part {
    using Time = std::chrono::steady_clock::time_point;

    core::Speaker speaker;           ///< as whom the log names it
    std::optional<InitEnd> failure;  ///< the end of the desk without it; none: it can do without, for a while
    bool is_wanted = false;
    pid_t pid = 0;  ///< 0: does not run
    bool has_run = false;
    bool is_renewed = false;  ///< it was told to end, to be started with another environment
    std::deque<Time> starts{};
    std::optional<Time> rests_until{};  ///< it ended too often: then it may be tried again

    /// It has ended as it was told to: as if it had never run.
    void forget_starts() {
        has_run = is_renewed = false;
        starts.clear();
    }

    /// Notes a start; false when there were too many lately.
    bool may_start(Time now) {
        while (!starts.empty() && now - starts.front() > counted_time) starts.pop_front();
        if (starts.size() >= most_starts) return false;
        starts.push_back(now);
        return true;
    }
    /// After as long as its ends are counted, all its starts are forgotten.
    void rest(Time now) { rests_until = now + counted_time; }
    /// True once, when a rest is over.
    bool has_rested(Time now) {
        if (!rests_until || now < *rests_until) return false;
        rests_until.reset();
        starts.clear();
        return true;
    }
};

}  // namespace carrel::desk::init
