// When a failed call to a model is made again, and after how long. Pure.
//
// The rules are those of the vendor's own SDKs: the answer's x-should-retry decides; else 408, 409, 429
// and 5xx are worth another try; the pause is what retry-after-ms or retry-after says, else it doubles
// from half a second to eight seconds, less up to a quarter so that many clients do not come back at once.
#pragma once

#include <chrono>
#include <optional>

#include "core/clock.hpp"
#include "net/http.hpp"

namespace carrel::agent::anthropic {

constexpr int most_retries = 4;
/// A vendor that asks for a longer pause than this is not waited for.
constexpr std::chrono::milliseconds longest_wait = std::chrono::minutes{5};

bool is_worth_retry(int status, const net::Headers& headers);

/// What the answer asks for, when it asks for a pause that lies ahead.
std::optional<std::chrono::milliseconds> asked_pause(const net::Headers& headers, core::Instant now);

constexpr std::chrono::milliseconds usual_first_pause{500};
/// The pause before retry number `attempt` (0 is the first), when none was asked for. `chance` is from 0
/// to 1.
std::chrono::milliseconds usual_pause(int attempt, double chance,
                                      std::chrono::milliseconds first = usual_first_pause);

}  // namespace carrel::agent::anthropic
