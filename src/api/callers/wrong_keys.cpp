#include "api/callers/wrong_keys.hpp"

#include <algorithm>

namespace carrel::api {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_networks = 1000;
/// People mistype, and scripts of old keys are not all found at once.
constexpr std::size_t free_tries = 5;
constexpr auto first_pause = 100ms;
constexpr auto longest_pause = 5s;
constexpr auto forgotten_after = 15min;

}  // namespace

void WrongKeys::make_room(core::Instant now) {
    if (tries_.size() < most_networks) return;
    std::erase_if(tries_, [now](const auto& each) { return now >= each.second.last + forgotten_after; });
    if (tries_.size() < most_networks) return;
    tries_.erase(std::ranges::min_element(tries_, {}, [](const auto& each) { return each.second.last; }));
}

std::chrono::milliseconds WrongKeys::note(const std::string& network, core::Instant now) {
    auto place = tries_.find(network);
    if (place == tries_.end()) {
        make_room(now);
        place = tries_.try_emplace(network).first;
    }
    auto& [count, last] = place->second;
    if (now >= last + forgotten_after) count = 0;
    last = now;
    if (++count <= free_tries) return 0ms;
    const auto doublings = std::min<std::size_t>(count - free_tries - 1, 10);
    return std::min<std::chrono::milliseconds>(first_pause * (1 << doublings), longest_pause);
}

std::size_t WrongKeys::count(const std::string& network) const {
    const auto place = tries_.find(network);
    return place == tries_.end() ? 0 : place->second.count;
}

}  // namespace carrel::api
