#include "jail/dns/ration.hpp"

#include <algorithm>

namespace carrel::jail::dns {

double Ration::left_at(const Left& left, Time now) {
    const std::chrono::duration<double> passed = now - left.when;
    return std::min(at_once, left.questions + passed.count() * each_second);
}

bool Ration::take(std::uint32_t client, Time now) {
    constexpr std::size_t most_remembered = 1024;
    // Whoever has all of it again is as good as new.
    if (left_.size() >= most_remembered && !left_.contains(client))
        std::erase_if(left_, [&](const auto& entry) { return left_at(entry.second, now) >= at_once; });
    auto& left = left_.try_emplace(client, Left{at_once, now}).first->second;
    left = {left_at(left, now), now};
    if (left.questions < 1) return false;
    left.questions -= 1;
    return true;
}

}  // namespace carrel::jail::dns
