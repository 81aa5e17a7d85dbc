#include "api/errors.hpp"

#include <algorithm>
#include <array>

#include "core/log.hpp"
#include "net/head_writer.hpp"

namespace carrel::api {

namespace {

struct Row {
    std::string_view reason;
    int status;
};
/// Reasons that have a status of their own.
constexpr std::array reasons{
    Row{"too_large", 413},        Row{"unsupported_media_type", 415},
    Row{"bad_request", 400},      Row{"method_not_allowed", 405},
    Row{"request_timeout", 408},  Row{"tool_server_restarted", 502},
    Row{"bad_desk_answer", 502},  Row{"disk_full", 507},
    Row{"upgrade_required", 426},
};

net::Response problem(int status, json::Value detail, std::string_view code, const net::Request& request) {
    const json::Object body{{"type", "about:blank"}, {"title", net::phrase_of(status)},
                            {"status", status},      {"detail", std::move(detail)},
                            {"code", code},          {"request_id", request.id}};
    auto response = net::json_response(status, json::to_text(body));
    response.headers.set("Content-Type", "application/problem+json");
    if (status == 426) response.headers.set("Upgrade", "websocket");
    if (status == 401) response.headers.set("WWW-Authenticate", "Bearer");
    if (status == 503 || status == 429) response.headers.set("Retry-After", "5");
    return response;
}

}  // namespace

int status_of(const core::Error& error) {
    const auto row = std::ranges::find(reasons, std::string_view{error.reason()}, &Row::reason);
    if (row != reasons.end()) return row->status;
    switch (error.code()) {
        case core::Code::invalid: return 422;
        case core::Code::unauthorized: return 401;
        case core::Code::forbidden: return 403;
        case core::Code::not_found: return 404;
        case core::Code::conflict: return 409;
        case core::Code::exhausted: return 503;
        case core::Code::timeout: return 504;
        case core::Code::unavailable: return 503;
        case core::Code::internal: return 500;
    }
    return 500;
}

net::Response error_response(const core::Error& error, const net::Request& request) {
    if (const auto* unprocessable = dynamic_cast<const Unprocessable*>(&error))
        return problems_response(unprocessable->problems(), unprocessable->root(), request);
    const int status = status_of(error);
    if (status != 500) return problem(status, json::Value(error.message()), error.reason(), request);
    core::log_error("request {} ({} {}): {}", request.id, request.method, request.path, error.message());
    return problem(500, json::Value("the server failed; its log has the details under this request id"),
                   "internal", request);
}

net::Response problems_response(const json::Problems& problems, std::string_view root,
                                const net::Request& request) {
    return problem(422, json::to_json(problems, root), "validation_failed", request);
}

Unprocessable::Unprocessable(json::Problems problems, std::string root)
    : Error{core::Code::invalid, "the request has wrong fields", "validation_failed"},
      problems_{std::move(problems)},
      root_{std::move(root)} {}

}  // namespace carrel::api
