// Who gets a connection when there are many: one client cannot take those of others. Pure.
//
// Theory: a connection is worth what its client has shown. One on which nobody has shown yet that they may
// call us (a stranger's) is given up for any other, one that only waits for its next request before one that
// is being served; and always one of whoever holds the most. So a flood ends its own connections.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace carrel::net {

struct CrowdLimits {
    std::size_t all = 512;
    std::size_t of_one = 0;     ///< of one address, or network of addresses; 0: as many as of all
    std::size_t strangers = 0;  ///< on which nobody has shown yet that they may call us; 0: there are none
    std::size_t told = 64;      ///< above the limits, so many more are answered that there are too many
};

/// A connection that is open.
struct Guest {
    std::string_view network;  ///< where it comes from (Peer::network)
    bool is_stranger = false;
    bool may_leave = false;  ///< it can be closed without breaking off what somebody is being answered
    std::chrono::steady_clock::time_point since;  ///< when it began to wait
};

struct Admission {
    enum class Verdict {
        served,
        told,     ///< one too many: it is told so, unless it asks for what is always answered
        dropped,  ///< closed without a word
    };
    Verdict verdict = Verdict::served;
    std::optional<std::size_t> leaves;  ///< the index of the guest to be closed in its place
};

/// What becomes of a connection that comes from `network`.
Admission admit(std::span<const Guest> guests, std::string_view network, const CrowdLimits& limits);

}  // namespace carrel::net
