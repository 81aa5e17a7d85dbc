// How many questions each desk may ask: so that one can neither keep the resolver busy nor be a nuisance to
// the name servers of the host's network. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

namespace carrel::jail::dns {

class Ration {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// A page of many names, for each of which a browser asks three questions; and then that many a second.
    static constexpr double at_once = 500, each_second = 100;

    /// Whether `client` may ask now; it counts as asked then.
    bool take(std::uint32_t client, Time now);

    std::size_t size() const { return left_.size(); }

private:
    struct Left {
        double questions;
        Time when;
    };

    static double left_at(const Left& left, Time now);

    std::map<std::uint32_t, Left> left_;  ///< of those that have asked of late
};

}  // namespace carrel::jail::dns
