#include "rest/answers.hpp"

#include "core/text.hpp"
#include "net/problem.hpp"
#include "net/status.hpp"
#include "rest/handlers.hpp"

namespace carrel::rest {

namespace {

/// Where the fields of such a request stand: those of a GET, and those beside bytes, are its query.
std::string_view root_of(const net::Request& request) {
    const auto type = request.headers.find("Content-Type").value_or("");
    return request.method == "GET" || type.starts_with("application/octet-stream") ? "query" : "body";
}

net::Response problem(int status, json::Value detail, std::string_view sentence, std::string_view code,
                      const net::Request& request) {
    auto body = net::make_problem(status, std::move(detail), code);
    body["success"] = false;
    body["error"] = sentence;
    if (const auto id = request.headers.find("X-Request-Id")) body["request_id"] = *id;
    return net::problem_response(status, body);
}

}  // namespace

net::Response problem_answer(const core::Error& error, const net::Request& request) {
    // A path in it may hold any bytes.
    const auto sentence = core::repair_utf8(error.message());
    if (const auto* wrong = dynamic_cast<const Unprocessable*>(&error))
        return problem(net::status_of(error), wrong->detail(root_of(request)), sentence, error.reason(),
                       request);
    return problem(net::status_of(error), json::Value(sentence), sentence, error.reason(), request);
}

}  // namespace carrel::rest
