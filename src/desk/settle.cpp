#include "desk/settle.hpp"

#include <algorithm>

namespace carrel::desk {

std::string_view name_of(Observed observed) {
    switch (observed) {
        case Observed::settled: return "settled";
        case Observed::still_changing: return "still_changing";
        case Observed::nothing_changed: return "nothing_changed";
    }
    return "";
}

std::optional<Observed> Settling::judge(Time now) const {
    if (now < due()) return std::nullopt;
    if (!last_change_) return Observed::nothing_changed;
    return now >= *last_change_ + times_.quiet ? Observed::settled : Observed::still_changing;
}

Time Settling::due() const {
    const Time quiet_at = last_change_ ? *last_change_ + times_.quiet : start_ + times_.first_change;
    return std::min(quiet_at, start_ + times_.limit);
}

}  // namespace carrel::desk
