// What handlers answer: JSON, and errors as problem documents (RFC 9457). Their statuses are net/status's.
#pragma once

#include <string_view>

#include "core/error.hpp"
#include "json/parse.hpp"
#include "net/http.hpp"

namespace carrel::rest {

net::Response json_answer(int status, const json::Value& body);
/// 200 with that object.
net::Response json_answer(const json::Object& object);
/// 200 {"success":false,"error":message}: the operation was understood and did not work out, which is
/// an ordinary answer to a tool's user.
net::Response failure_answer(std::string_view message);

/// {type,title,status,detail,code}, and `request_id` unless that is empty. `detail` is the message; of
/// Unprocessable it is the list of the contract: [{loc:["body","content"],msg,type}].
json::Object make_problem(const core::Error& error, const net::Request& request, std::string_view request_id);

/// What every answer of a desk's operation has: `success`, here false, and `error`, a sentence.
void add_failure(json::Object& problem, const core::Error& error);

/// A desk's answer to an error: that document, and what every answer of a desk's operation has, `success`,
/// here false, and `error`, a sentence. The request's id is the one that the server in front has told.
net::Response problem_answer(const core::Error& error, const net::Request& request);

}  // namespace carrel::rest
