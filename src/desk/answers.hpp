// Errors of the desk as HTTP answers.
#pragma once

#include "core/error.hpp"
#include "net/http.hpp"

namespace carrel::desk {

/// application/problem+json (RFC 9457) with `code`; for Unprocessable 422 with the list of problems
/// in `detail`.
net::Response problem_answer(const core::Error& error);

}  // namespace carrel::desk
