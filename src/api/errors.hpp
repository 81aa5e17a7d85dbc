// Errors as the server's answers (RFC 9457); their statuses are net/status's.
#pragma once

#include "core/error.hpp"
#include "json/fields.hpp"
#include "net/http.hpp"

namespace carrel::api {

/// application/problem+json: {type,title,status,detail,code,request_id}; `detail` is the message,
/// of Unprocessable it is the list of the contract: [{loc:["body","content"],msg,type}]. An internal error
/// keeps its details for the log.
net::Response error_response(const core::Error& error, const net::Request& request);

/// A body or query that is well-formed but says the wrong thing.
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
