#include "api/errors.hpp"

#include "core/log.hpp"
#include "net/problem.hpp"
#include "net/status.hpp"

namespace carrel::api {

namespace {

net::Response problem(int status, json::Value detail, std::string_view code, const net::Request& request) {
    auto body = net::make_problem(status, std::move(detail), code);
    body["request_id"] = request.id;
    auto response = net::problem_response(status, body);
    if (status == 426) response.headers.set("Upgrade", "websocket");
    if (status == 401) response.headers.set("WWW-Authenticate", "Bearer");
    if (status == 503 || status == 429) response.headers.set("Retry-After", "5");
    return response;
}

}  // namespace

net::Response error_response(const core::Error& error, const net::Request& request) {
    const int status = net::status_of(error);
    if (const auto* wrong = dynamic_cast<const Unprocessable*>(&error))
        return problem(status, json::to_json(wrong->problems(), wrong->root()), error.reason(), request);
    if (status != 500) return problem(status, json::Value(error.message()), error.reason(), request);
    core::log_error("request {} ({} {}): {}", request.id, request.method, request.path, error.message());
    return problem(500, json::Value("the server failed; its log has the details under this request id"),
                   "internal", request);
}

Unprocessable::Unprocessable(json::Problems problems, std::string root)
    : Error{core::Code::invalid, "the request has wrong fields", "validation_failed"},
      problems_{std::move(problems)},
      root_{std::move(root)} {}

}  // namespace carrel::api
