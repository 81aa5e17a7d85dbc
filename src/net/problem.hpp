// Errors as problem documents (RFC 9457).
#pragma once

#include <string_view>

#include "core/error.hpp"
#include "json/parse.hpp"
#include "net/http.hpp"

namespace carrel::net {

/// {type,title,status,detail,code}: `detail` is a sentence, or a list of what is wrong; `code` the error's
/// reason. Each face adds members of its own.
json::Object make_problem(int status, json::Value detail, std::string_view code);

/// That document as an answer with that status.
Response problem_response(int status, const json::Object& problem);

/// The answer to what goes wrong before any handler is asked; without an id where there is none yet.
Response problem_response(const core::Error& error, std::string_view request_id = {});

}  // namespace carrel::net
