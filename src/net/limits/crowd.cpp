#include "net/limits/crowd.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace carrel::net {

namespace {

using Index = std::optional<std::size_t>;

/// Of those that may leave and `fits`, the one that is missed least: a stranger's, of who holds the most,
/// that waits the longest.
template <class Fits>
Index find_leaver(std::span<const Guest> guests, Fits fits) {
    std::map<std::string_view, std::size_t> held;
    for (const auto& guest : guests) ++held[guest.network];
    const auto rank = [&](const Guest& guest) {
        return std::tuple{!guest.is_stranger, guests.size() - held[guest.network], guest.since};
    };
    Index best;
    for (std::size_t i = 0; i < guests.size(); ++i) {
        if (!guests[i].may_leave || !fits(guests[i])) continue;
        if (!best || rank(guests[i]) < rank(guests[*best])) best = i;
    }
    return best;
}

}  // namespace

Admission admit(std::span<const Guest> guests, std::string_view network, const CrowdLimits& limits) {
    using Verdict = Admission::Verdict;
    const auto is_neighbour = [&](const Guest& guest) { return guest.network == network; };
    const auto is_stranger = [](const Guest& guest) { return guest.is_stranger; };
    const auto is_anybody = [](const Guest&) { return true; };
    const auto count = [&](auto fits) {
        return static_cast<std::size_t>(std::ranges::count_if(guests, fits));
    };
    Index leaves;
    bool is_full = false;
    const auto make_room = [&](auto fits) {
        if (!leaves) leaves = find_leaver(guests, fits);
        is_full = is_full || !leaves;
    };
    if (limits.of_one > 0 && count(is_neighbour) >= limits.of_one) make_room(is_neighbour);
    if (limits.strangers > 0 && count(is_stranger) >= limits.strangers) make_room(is_stranger);
    if (guests.size() >= limits.all) make_room(is_anybody);
    if (!is_full) return {Verdict::served, leaves};
    if (guests.size() < limits.all + limits.told) return {Verdict::told, {}};
    leaves = find_leaver(guests, is_anybody);
    return {leaves ? Verdict::told : Verdict::dropped, leaves};
}

}  // namespace carrel::net
