// Errors of the desk as HTTP answers.
#pragma once

#include "core/error.hpp"
#include "net/http.hpp"

namespace carrel::rest {

/// application/problem+json (RFC 9457) with `code`; for Unprocessable 422 with the list of problems in
/// `detail`. As every answer of an operation it has `success`, here false, and `error`, a sentence; and the
/// request's id, where the server in front has told it.
net::Response problem_answer(const core::Error& error, const net::Request& request);

}  // namespace carrel::rest
