#include "rest/answers.hpp"

#include "core/text.hpp"
#include "net/head_writer.hpp"
#include "rest/handlers.hpp"

namespace carrel::rest {

namespace {

int status_of(const core::Error& error) {
    if (error.reason() == "too_large") return 413;
    switch (error.code()) {
        case core::Code::invalid: return 400;
        case core::Code::unauthorized: return 401;
        case core::Code::forbidden: return 403;
        case core::Code::not_found: return 404;
        case core::Code::conflict: return 409;
        case core::Code::exhausted: return 507;
        case core::Code::timeout: return 504;
        case core::Code::unavailable: return 503;
        case core::Code::internal: return 500;
    }
    return 500;
}

/// Where the fields of such a request stand: those of a GET, and those beside bytes, are its query.
std::string_view root_of(const net::Request& request) {
    const auto type = request.headers.find("Content-Type").value_or("");
    return request.method == "GET" || type.starts_with("application/octet-stream") ? "query" : "body";
}

net::Response problem(int status, json::Value detail, std::string_view sentence, std::string_view code,
                      const net::Request& request) {
    json::Object body{{"type", "about:blank"}, {"title", net::phrase_of(status)},
                      {"status", status},      {"detail", std::move(detail)},
                      {"code", code},          {"success", false},
                      {"error", sentence}};
    if (const auto id = request.headers.find("X-Request-Id")) body["request_id"] = *id;
    auto response = net::json_response(status, json::to_text(body));
    response.headers.set("Content-Type", "application/problem+json");
    return response;
}

}  // namespace

net::Response problem_answer(const core::Error& error, const net::Request& request) {
    // A path in it may hold any bytes.
    const auto sentence = core::repair_utf8(error.message());
    if (const auto* wrong = dynamic_cast<const Unprocessable*>(&error))
        return problem(422, wrong->detail(root_of(request)), sentence, error.reason(), request);
    return problem(status_of(error), json::Value(sentence), sentence, error.reason(), request);
}

net::Response problem_answer(int status, std::string_view detail, std::string_view code,
                             const net::Request& request) {
    return problem(status, json::Value(detail), detail, code, request);
}

}  // namespace carrel::rest
