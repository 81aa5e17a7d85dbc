#include "net/problem.hpp"

#include "net/status.hpp"

namespace carrel::net {

json::Object make_problem(int status, json::Value detail, std::string_view code) {
    return {{"type", "about:blank"},
            {"title", phrase_of(status)},
            {"status", status},
            {"detail", std::move(detail)},
            {"code", code}};
}

Response problem_response(int status, const json::Object& problem) {
    return {status, {{"Content-Type", "application/problem+json"}}, json::to_text(problem)};
}

Response problem_response(const core::Error& error, std::string_view request_id) {
    const int status = status_of(error);
    auto problem = make_problem(status, json::Value(error.message()), error.reason());
    if (!request_id.empty()) problem["request_id"] = request_id;
    return problem_response(status, problem);
}

}  // namespace carrel::net
