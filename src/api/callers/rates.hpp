// How often a caller may ask for what costs the server much: so many times in a window of time, which begins
// with the first of them. Counted by the steady clock, so that no jump of the wall clock locks anybody out.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "net/http.hpp"
#include "ops/operation.hpp"
#include "ops/principal.hpp"

namespace carrel::api {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What the settings say; what is absent is its default where the server asks for keys, and off where it
/// does not. 0 turns a limit off.
struct RateSettings {
    std::optional<unsigned> messages_per_minute;  ///< of one session
    std::optional<unsigned> sessions_per_hour;    ///< of one client
    std::optional<unsigned> requests_per_minute;  ///< of one client
};

/// Where somebody stands after one more, as the headers tell it.
struct Standing {
    std::string_view policy;
    unsigned quota = 0;
    std::chrono::seconds window{};
    unsigned left = 0;
    std::chrono::seconds until_reset{};  ///< rounded up
    bool is_over = false;
};

/// One limit, of many clients by name. Pure but for what it remembers.
class Rate {
public:
    Rate(std::string_view policy, std::chrono::seconds window) : policy_{policy}, window_{window} {}

    /// One more, of `quota`. What is over does not count.
    Standing take(const std::string& who, unsigned quota, SteadyTime now);
    /// The last one came to nothing.
    void give_back(const std::string& who);
    std::size_t size() const { return windows_.size(); }

private:
    struct Window {
        SteadyTime begun;
        unsigned count = 0;
    };
    void make_room(SteadyTime now);

    std::string_view policy_;
    std::chrono::seconds window_;
    std::map<std::string, Window, std::less<>> windows_;
};

/// 429, with what its headers and body tell.
class TooMany : public core::Error {
public:
    explicit TooMany(const Standing& standing);
    const Standing& standing() const { return standing_; }

private:
    Standing standing_;
};

/// RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers).
void add_rate_headers(net::Headers& headers, const Standing& standing);

class Rates {
public:
    explicit Rates(RateSettings settings) : settings_{settings} {}

    /// What a call has taken of its row's own limit.
    struct Taken {
        std::string who;
        std::optional<Standing> standing;  ///< nothing where the row has no limit
    };

    /// Counts a request of a principal, or ("") of a stranger of that network. `is_keyed`: the server asks
    /// for keys. Throws TooMany.
    void count_request(std::string_view principal, const std::string& network, bool is_keyed, SteadyTime now);
    /// Counts a call against its row's own limit. Throws TooMany.
    Taken take(const ops::Operation& row, const net::Request& request, const ops::Principal& principal,
               bool is_keyed, SteadyTime now);
    /// The call has failed: it does not count.
    void give_back(const ops::Operation& row, const Taken& taken);

private:
    Rate* find_rate(const ops::Operation& row);

    RateSettings settings_;
    Rate messages_{"messages", std::chrono::minutes{1}};
    Rate sessions_{"sessions", std::chrono::hours{1}};
    Rate requests_{"requests", std::chrono::minutes{1}};
    Rate strangers_{"strangers", std::chrono::minutes{1}};
};

}  // namespace carrel::api
