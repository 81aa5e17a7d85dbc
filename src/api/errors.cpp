#include "api/errors.hpp"

#include "core/log.hpp"
#include "net/problem.hpp"
#include "net/status.hpp"
#include "rest/answers.hpp"

namespace carrel::api {

namespace {

net::Response problem_of(const core::Error& error, const net::Request& request) {
    const int status = net::status_of(error);
    auto response = net::problem_response(status, rest::make_problem(error, request, request.id));
    if (status == 426) response.headers.set("Upgrade", "websocket");
    if (status == 401) response.headers.set("WWW-Authenticate", "Bearer");
    if (status == 503 || status == 429) response.headers.set("Retry-After", "5");
    return response;
}

}  // namespace

net::Response error_response(const core::Error& error, const net::Request& request) {
    if (net::status_of(error) != 500) return problem_of(error, request);
    core::log_error("request {} ({} {}): {}", request.id, request.method, request.path, error.message());
    return problem_of(
        {core::Code::internal, "the server failed; its log has the details under this request id"}, request);
}

}  // namespace carrel::api
