#include "rest/answers.hpp"

#include "core/text.hpp"
#include "net/problem.hpp"
#include "net/status.hpp"
#include "rest/requests.hpp"

namespace carrel::rest {

namespace {

/// Where the fields of such a request stand: those of a GET, and those beside bytes, are its query.
std::string_view root_of(const net::Request& request) {
    const auto type = request.headers.find("Content-Type").value_or("");
    return request.method == "GET" || type.starts_with("application/octet-stream") ? "query" : "body";
}

}  // namespace

net::Response json_answer(int status, const json::Value& body) {
    return net::json_response(status, json::to_text(body));
}

net::Response json_answer(const json::Object& object) { return json_answer(200, object); }

net::Response failure_answer(std::string_view message) {
    return json_answer({{"success", false}, {"error", core::repair_utf8(message)}});
}

json::Object make_problem(const core::Error& error, const net::Request& request,
                          std::string_view request_id) {
    const auto* wrong = dynamic_cast<const Unprocessable*>(&error);
    // A path in a message may hold any bytes.
    auto detail = wrong ? json::Value(wrong->detail(root_of(request)))
                        : json::Value(core::repair_utf8(error.message()));
    auto problem = net::make_problem(net::status_of(error), std::move(detail), error.reason());
    if (!request_id.empty()) problem["request_id"] = request_id;
    return problem;
}

void add_failure(json::Object& problem, const core::Error& error) {
    problem["success"] = false;
    problem["error"] = core::repair_utf8(error.message());
}

net::Response problem_answer(const core::Error& error, const net::Request& request) {
    auto problem = make_problem(error, request, request.headers.find("X-Request-Id").value_or(""));
    add_failure(problem, error);
    return net::problem_response(net::status_of(error), problem);
}

}  // namespace carrel::rest
