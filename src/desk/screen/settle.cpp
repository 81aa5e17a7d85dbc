#include "desk/screen/settle.hpp"

#include <algorithm>

namespace carrel::desk::screen {

namespace {

using namespace std::chrono_literals;

/// Carets are up to 3 × 60 pixels and their neighbourhood; the panel's clock is about 90 × 20.
constexpr int small_area = 2400;
constexpr int small_side = 120;
/// Carets blink every 500 to 600 ms; toolkits' animations go on every 10 to 100.
constexpr auto shortest_pause = 200ms;
/// What one painting consists of arrives together.
constexpr auto one_painting = 15ms;
constexpr std::size_t most_places = 8;

bool is_empty(const picture::Region& area) { return area.x1 <= area.x0 || area.y1 <= area.y0; }

int pixels(const picture::Region& area) {
    return is_empty(area) ? 0 : area.size().width * area.size().height;
}

bool is_small(const picture::Region& area) {
    const auto size = area.size();
    return size.width <= small_side && size.height <= small_side && pixels(area) <= small_area;
}

picture::Region common_of(const picture::Region& one, const picture::Region& other) {
    return {std::max(one.x0, other.x0), std::max(one.y0, other.y0), std::min(one.x1, other.x1),
            std::min(one.y1, other.y1)};
}

/// Whether most of each lies in the other: a caret's painting may be a pixel wider at times.
bool is_same_place(const picture::Region& one, const picture::Region& other) {
    return 2 * pixels(common_of(one, other)) > std::max(pixels(one), pixels(other));
}

}  // namespace

std::string_view name_of(Observed observed) {
    switch (observed) {
        case Observed::settled: return "settled";
        case Observed::still_changing: return "still_changing";
        case Observed::nothing_changed: return "nothing_changed";
        case Observed::loading: return "loading";
    }
    return "";
}

picture::Region enclosing(const picture::Region& one, const picture::Region& other) {
    if (is_empty(one)) return other;
    if (is_empty(other)) return one;
    return {std::min(one.x0, other.x0), std::min(one.y0, other.y0), std::max(one.x1, other.x1),
            std::max(one.y1, other.y1)};
}

bool Settling::changed(Time when, const picture::Region& where) {
    if (is_small(where) && is_blinking(when, where)) return false;
    last_change_ = when;
    if (!loading_.area || !is_empty(common_of(*loading_.area, where))) last_shown_ = when;
    return true;
}

/// Whether this place rested for a while since it changed last. Remembers it.
bool Settling::is_blinking(Time when, const picture::Region& where) {
    Place place{where, when};
    const auto known =
        std::ranges::find_if(places_, [&](const Place& other) { return is_same_place(other.area, where); });
    if (known != places_.end()) {
        const auto pause = when - known->last;
        place.was_blinking = pause >= shortest_pause || (known->was_blinking && pause <= one_painting);
        places_.erase(known);
    }
    if (places_.size() == most_places) places_.erase(places_.begin());
    places_.push_back(place);
    return place.was_blinking;
}

std::optional<Observed> Settling::judge(Time now) const {
    if (now < due()) return std::nullopt;
    if (loading_.goes_on) return Observed::loading;
    if (!last_change_) return Observed::nothing_changed;
    return now >= *last_change_ + times_.quiet ? Observed::settled : Observed::still_changing;
}

/// Whether the screen has changed since what went on behind it ended, where that is shown.
bool Settling::is_shown() const {
    return last_change_ && (!loading_.ended_at || (last_shown_ && *last_shown_ >= *loading_.ended_at));
}

Time Settling::due() const {
    const auto limit_at = start_ + times_.limit;
    if (loading_.goes_on) return limit_at;
    // What came of it is told a moment after it was heard.
    const auto awaited_from = std::max(loading_.heard_at.value_or(start_), start_);
    if (is_shown()) return std::min(std::max(*last_change_, awaited_from) + times_.quiet, limit_at);
    return std::min(awaited_from + times_.first_change, limit_at);
}

}  // namespace carrel::desk::screen
