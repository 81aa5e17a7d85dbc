#include "desk/answers.hpp"

#include "core/text.hpp"
#include "desk/handlers.hpp"

namespace carrel::desk {

namespace {

struct Status {
    int number;
    std::string_view title;
};

Status status_of(const core::Error& error) {
    if (error.reason() == "too_large") return {413, "Content Too Large"};
    switch (error.code()) {
        case core::Code::invalid: return {400, "Bad Request"};
        case core::Code::unauthorized: return {401, "Unauthorized"};
        case core::Code::forbidden: return {403, "Forbidden"};
        case core::Code::not_found: return {404, "Not Found"};
        case core::Code::conflict: return {409, "Conflict"};
        case core::Code::exhausted: return {507, "Insufficient Storage"};
        case core::Code::timeout: return {504, "Gateway Timeout"};
        case core::Code::unavailable: return {503, "Service Unavailable"};
        case core::Code::internal: return {500, "Internal Server Error"};
    }
    return {500, "Internal Server Error"};
}

net::Response problem(Status status, json::Value detail, std::string_view code) {
    auto response =
        net::json_response(status.number, json::to_text(json::Object{{"type", "about:blank"},
                                                                     {"title", status.title},
                                                                     {"status", status.number},
                                                                     {"detail", std::move(detail)},
                                                                     {"code", code}}));
    response.headers.set("Content-Type", "application/problem+json");
    return response;
}

}  // namespace

net::Response problem_answer(const core::Error& error) {
    if (const auto* wrong = dynamic_cast<const Unprocessable*>(&error))
        return problem({422, "Unprocessable Content"}, wrong->detail(), error.reason());
    // A path in it may hold any bytes.
    return problem(status_of(error), json::Value(core::repair_utf8(error.message())), error.reason());
}

}  // namespace carrel::desk
