// What Claude is asked: the body of a request to the Messages API, but for what its transport adds. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/anthropic/models.hpp"

namespace carrel::agent::anthropic {

/// Everything that does not change from request to request of a session comes first and the history
/// last, unaltered, so that each request begins with the bytes of the one before (but for its end) and
/// the vendor's cache serves them. The cache marks are one on the system prompt, which also covers the
/// tools, the automatic one of the request, and one where the request before ended: from a mark the vendor
/// looks only 20 blocks back for what it has, and an answer with its results can have more. None is ever
/// written into the history.
///
/// `envelope` is the transport's; the history is already of the vendor's shape (agent/history).
std::string request_body(std::string_view envelope, const ModelTraits& traits, std::string_view system,
                         std::span<const std::string> messages, bool has_display = true);

}  // namespace carrel::agent::anthropic
