// Errors as HTTP: the one place where an Error becomes a status and a body (RFC 9457).
#pragma once

#include "core/error.hpp"
#include "json/fields.hpp"
#include "net/http.hpp"

namespace carrel::api {

/// The status for an error: by its reason where one has its own (too_large 413, …), else by its code.
int status_of(const core::Error& error);

/// application/problem+json: {type,title,status,detail,code,request_id}; `detail` is the message.
/// An internal error keeps its details for the log.
net::Response error_response(const core::Error& error, const net::Request& request);

/// 422 with `detail` as the list of the contract: [{loc:["body","content"],msg,type}].
net::Response problems_response(const json::Problems& problems, std::string_view root,
                                const net::Request& request);

/// Thrown by handlers for problems_response: a body that is well-formed but says the wrong thing.
class Unprocessable : public core::Error {
public:
    Unprocessable(json::Problems problems, std::string root);
    const json::Problems& problems() const { return problems_; }
    const std::string& root() const { return root_; }

private:
    json::Problems problems_;
    std::string root_;
};

}  // namespace carrel::api
