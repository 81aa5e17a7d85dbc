// What is sent to the Messages API: headers and body. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/models.hpp"
#include "outbound/http_client.hpp"

namespace carrel::agent {

/// The vendor refuses larger requests (32 MB).
constexpr std::size_t most_request_bytes = 32'000'000;

/// Everything that does not change from request to request of a session comes first and the history
/// last, unaltered, so that each request begins with the bytes of the one before (but for its end) and
/// the vendor's cache serves them. The cache marks are one on the system prompt, which also covers the
/// tools, and the automatic one of the request; none is ever written into the history.
std::string request_body(const ModelTraits& traits, std::string_view model, std::string_view system,
                         std::span<const std::string> messages);

net::Headers request_headers(std::string_view key);

/// The endpoint below a base URL, with or without a slash at its end.
std::string messages_url(std::string_view base_url);

}  // namespace carrel::agent
