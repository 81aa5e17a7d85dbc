// What the Messages API's refusals mean to a person. Pure.
#pragma once

#include <string_view>

#include "core/error.hpp"

namespace carrel::agent::anthropic {

/// The error for a refused call; `body` is what came with it, in whatever shape.
core::Error error_of_reply(int status, std::string_view body);

/// The error for a vendor's error type that came in the middle of an answer.
core::Error error_of_type(std::string_view type, std::string_view message);

/// Whether an error in the middle of an answer is worth another try.
bool is_passing(std::string_view type);

}  // namespace carrel::agent::anthropic
