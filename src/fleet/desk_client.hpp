// Asking a desk's tool server. What it answers is hostile: every size and time is bounded here.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "async/task.hpp"
#include "core/error.hpp"
#include "net/http.hpp"

namespace carrel::fleet {

using async::Task;

struct DeskQuestion {
    std::string method = "GET";
    std::string target = "/";
    std::string body;  ///< JSON; empty: none
    std::string accept = "application/json";
    std::size_t most_bytes = std::size_t{4} << 20;  ///< of the answer
    std::chrono::milliseconds limit{30'000};        ///< for the whole answer
};

struct DeskAnswer {
    int status = 0;
    std::string media_type;  ///< without parameters, lower case
    std::string body;
};

/// Whatever status it answers. Throws Error: timeout, unavailable (see net::Tunnel), or unavailable with
/// reason "bad_desk_answer" when the answer is too large.
Task<DeskAnswer> ask_desk(net::Handler& endpoint, DeskQuestion question);

/// What an answer that is not a success means, from its problem document where there is one.
core::Error error_of(const DeskAnswer& answer);

}  // namespace carrel::fleet
