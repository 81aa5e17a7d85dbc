#include "api/callers/rates.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace carrel::api {

namespace {

constexpr unsigned default_messages = 10;
constexpr unsigned default_sessions = 20;
/// A hundred a second: what an agent that looks and clicks without a pause needs, and no loop that is broken.
constexpr unsigned default_requests = 6000;
/// Who shows no key has nothing to ask for but the page, so much less is enough.
constexpr unsigned strangers_part = 10;
/// Clients that are remembered; beyond, the one whose window began first is forgotten.
constexpr std::size_t most_windows = 10'000;

unsigned quota_of(const std::optional<unsigned>& setting, unsigned otherwise, bool is_keyed) {
    return setting.value_or(is_keyed ? otherwise : 0);
}

std::chrono::seconds round_up(SteadyTime::duration duration) {
    return std::chrono::ceil<std::chrono::seconds>(duration);
}

}  // namespace

void Rate::make_room(SteadyTime now) {
    if (windows_.size() < most_windows) return;
    std::erase_if(windows_, [&](const auto& each) { return now >= each.second.begun + window_; });
    if (windows_.size() < most_windows) return;
    windows_.erase(
        std::ranges::min_element(windows_, {}, [](const auto& each) { return each.second.begun; }));
}

Standing Rate::take(const std::string& who, unsigned quota, SteadyTime now) {
    auto place = windows_.find(who);
    if (place == windows_.end()) {
        make_room(now);
        place = windows_.emplace(who, Window{now}).first;
    }
    auto& window = place->second;
    if (now >= window.begun + window_) window = {now};
    const bool is_over = window.count >= quota;
    if (!is_over) ++window.count;
    return {policy_,
            quota,
            window_,
            quota - std::min(window.count, quota),
            round_up(window.begun + window_ - now),
            is_over};
}

void Rate::give_back(const std::string& who) {
    const auto place = windows_.find(who);
    if (place != windows_.end() && place->second.count > 0) --place->second.count;
}

TooMany::TooMany(const Standing& standing)
    : Error{core::Code::exhausted,
            fmt::format("more {} than the {} that may come in {} s; ask again in {} s", standing.policy,
                        standing.quota, standing.window.count(), standing.until_reset.count()),
            "rate_limit_exceeded"},
      standing_{standing} {}

void add_rate_headers(net::Headers& headers, const Standing& standing) {
    headers.set("RateLimit-Policy",
                fmt::format("\"{}\";q={};w={}", standing.policy, standing.quota, standing.window.count()));
    headers.set("RateLimit", fmt::format("\"{}\";r={};t={}", standing.policy, standing.left,
                                         standing.until_reset.count()));
}

void Rates::count_request(std::string_view principal, const std::string& network, bool is_keyed,
                          SteadyTime now) {
    const auto quota = quota_of(settings_.requests_per_minute, default_requests, is_keyed);
    if (quota == 0) return;
    const bool is_stranger = principal.empty();
    const auto standing = is_stranger ? strangers_.take(network, std::max(1u, quota / strangers_part), now)
                                      : requests_.take(std::string{principal}, quota, now);
    if (standing.is_over) throw TooMany{standing};
}

Rate* Rates::find_rate(const ops::Operation& row) {
    if (row.name == "messages/send") return &messages_;
    return row.name == "sessions/create" ? &sessions_ : nullptr;
}

Rates::Taken Rates::take(const ops::Operation& row, const net::Request& request,
                         const ops::Principal& principal, bool is_keyed, SteadyTime now) {
    auto* const rate = find_rate(row);
    if (!rate) return {};
    const bool is_message = rate == &messages_;
    const auto quota = is_message ? quota_of(settings_.messages_per_minute, default_messages, is_keyed)
                                  : quota_of(settings_.sessions_per_hour, default_sessions, is_keyed);
    if (quota == 0) return {};
    // Whose it is belongs to the name: nobody uses another's up by asking for their session.
    auto who = is_message ? principal.name + '/' + request.parameters.at("id")
               : is_keyed ? principal.name
                          : request.peer.network;
    const auto standing = rate->take(who, quota, now);
    if (standing.is_over) throw TooMany{standing};
    return {std::move(who), standing};
}

void Rates::give_back(const ops::Operation& row, const Taken& taken) {
    if (taken.standing) find_rate(row)->give_back(taken.who);
}

}  // namespace carrel::api
