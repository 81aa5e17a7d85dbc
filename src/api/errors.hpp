// Errors as the server's answers (RFC 9457); their statuses are net/status's.
#pragma once

#include "core/error.hpp"
#include "net/http.hpp"

namespace carrel::api {

/// rest::make_problem with the request's id, and the headers that go with its status. An internal error keeps
/// its details for the log.
net::Response error_response(const core::Error& error, const net::Request& request);

/// The same in a desk's place: with `success` and `error`, as the desk's own errors have them.
net::Response desk_error_response(const core::Error& error, const net::Request& request);

/// The one or the other, by the request's path: for what no row has answered.
net::Response any_error_response(const core::Error& error, const net::Request& request);

}  // namespace carrel::api
