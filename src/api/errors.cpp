#include "api/errors.hpp"

#include <algorithm>

#include "api/callers/rates.hpp"
#include "core/log.hpp"
#include "net/problem.hpp"
#include "net/status.hpp"
#include "net/websocket_handshake.hpp"
#include "rest/answers.hpp"

namespace carrel::api {

namespace {

using AddMembers = void (*)(json::Object& problem, const core::Error& error);

void add_nothing(json::Object&, const core::Error&) {}

/// Seconds.
std::int64_t pause_before_next(const core::Error& error) {
    const auto* over = dynamic_cast<const TooMany*>(&error);
    return over ? over->standing().until_reset.count() : 5;
}

/// What the contract has in a 429 beside the problem's own.
void add_contract_members(json::Object& problem, const core::Error& error) {
    problem["error"] = error.reason();
    problem["retry_after"] = pause_before_next(error);
}

net::Response problem_of(const core::Error& error, const net::Request& request, AddMembers add_members) {
    const int status = net::status_of(error);
    auto problem = rest::make_problem(error, request, request.id);
    if (status == 429) add_contract_members(problem, error);
    add_members(problem, error);
    auto response = net::problem_response(status, problem);
    if (status == 426) net::add_handshake_hints(response.headers);
    if (status == 401) response.headers.set("WWW-Authenticate", "Bearer");
    if (status == 503 || status == 429)
        response.headers.set("Retry-After", std::to_string(pause_before_next(error)));
    if (const auto* over = dynamic_cast<const TooMany*>(&error))
        add_rate_headers(response.headers, over->standing());
    return response;
}

net::Response answer(const core::Error& error, const net::Request& request, AddMembers add_members) {
    if (net::status_of(error) != 500) return problem_of(error, request, add_members);
    core::log_error("request {} ({} {}): {}", request.id, request.method, request.path, error.message());
    return problem_of(
        {core::Code::internal, "the server failed; its log has the details under this request id"}, request,
        add_members);
}

/// Whether a desk's operation is asked for, by a path such as /api/v1/sessions/sess_…/desk/mouse/click.
bool is_for_desk(std::string_view path) {
    constexpr std::string_view sessions = "/api/v1/sessions/";
    if (!path.starts_with(sessions)) return false;
    path.remove_prefix(sessions.size());
    return path.substr(std::min(path.find('/'), path.size())).starts_with("/desk/");
}

}  // namespace

net::Response error_response(const core::Error& error, const net::Request& request) {
    return answer(error, request, add_nothing);
}

net::Response desk_error_response(const core::Error& error, const net::Request& request) {
    return answer(error, request, rest::add_failure);
}

net::Response any_error_response(const core::Error& error, const net::Request& request) {
    return is_for_desk(request.path) ? desk_error_response(error, request) : error_response(error, request);
}

}  // namespace carrel::api
