// How many warm desks a pool should hold: as many as were lately asked for while it could not have made new
// ones. Pure.
#pragma once

#include <chrono>
#include <deque>

namespace carrel::fleet {

/// Bounds of a pool: it holds `size` desks when nobody has asked for a while, and never more than `most`.
struct PoolBounds {
    unsigned size = 0;
    unsigned most = 0;
    bool operator==(const PoolBounds&) const = default;
};

/// want = min(most, max(size, B)), where B is the greatest number of desks that were asked for within any
/// `burst` of the last `memory`.
class Demand {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds burst{30};
    static constexpr std::chrono::minutes memory{10};

    explicit Demand(PoolBounds bounds) : bounds_{bounds} {}

    /// Somebody asks for a desk, whether there is one or not.
    void note(Time now);
    unsigned want(Time now) const;

private:
    PoolBounds bounds_;
    std::deque<Time> asked_;  ///< oldest first; no more than can matter
};

}  // namespace carrel::fleet
