#include "fleet/demand.hpp"

#include <algorithm>

namespace carrel::fleet {

void Demand::note(Time now) {
    while (!asked_.empty() && now - asked_.front() >= memory) asked_.pop_front();
    asked_.push_back(now);
    // Of one burst, more than `most` change nothing; and there are memory / burst of them.
    const auto most_kept = std::size_t{bounds_.most} * (memory / burst + 1);
    while (asked_.size() > std::max<std::size_t>(most_kept, 1)) asked_.pop_front();
}

unsigned Demand::want(Time now) const {
    std::size_t greatest = 0;
    auto first = std::ranges::find_if(asked_, [&](Time asked) { return now - asked < memory; });
    for (auto last = first; last != asked_.end(); ++last) {
        while (*last - *first >= burst) ++first;
        greatest = std::max(greatest, static_cast<std::size_t>(last - first) + 1);
    }
    const auto least = std::max<std::size_t>(bounds_.size, greatest);
    return static_cast<unsigned>(std::min<std::size_t>(std::max(bounds_.most, bounds_.size), least));
}

}  // namespace carrel::fleet
