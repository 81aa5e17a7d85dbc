#include "fleet/desk_client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "async/deadline.hpp"
#include "core/text.hpp"
#include "json/fields.hpp"

namespace carrel::fleet {

namespace {

using core::Code;

constexpr std::size_t most_message_bytes = 2'000;

std::string media_type_of(const net::Response& response) {
    const auto line = response.headers.find("Content-Type").value_or("");
    return core::to_lower(core::trim(line.substr(0, line.find(';'))));
}

Task<DeskAnswer> ask(net::Handler& endpoint, DeskQuestion question) {
    net::Request request;
    request.method = question.method;
    if (!net::set_target(request, question.target))
        throw core::Error{Code::internal, "not a target: " + question.target};
    request.headers.add("Accept", question.accept);
    if (!question.body.empty()) request.headers.add("Content-Type", "application/json");
    request.body_length = question.body.size();
    request.body = net::make_source(std::move(question.body));
    auto response = co_await endpoint.handle(request);
    DeskAnswer answer{response.status, media_type_of(response), std::move(response.content)};
    if (response.source) answer.body = co_await net::read_all(*response.source, question.most_bytes);
    co_return answer;
}

Code code_of(int status) {
    switch (status) {
        case 400:
        case 413:
        case 415:
        case 422: return Code::invalid;
        case 403: return Code::forbidden;
        case 404: return Code::not_found;
        case 409: return Code::conflict;
        case 408:
        case 504: return Code::timeout;
        case 429:
        case 507: return Code::exhausted;
        default: return Code::unavailable;
    }
}

std::string clean(std::string_view text) {
    return core::repair_utf8(core::utf8_prefix(text, most_message_bytes));
}

std::string message_in(const json::Value& problem) {
    const auto* detail = json::find(problem, "detail");
    if (detail && detail->is_array()) return json::to_sentence(detail->get_array());
    return std::string{json::text_or(problem, "detail", json::text_or(problem, "title"))};
}

/// A stable word of ours, not whatever the desk may say.
std::string reason_in(const json::Value& problem) {
    const auto code = json::text_or(problem, "code");
    const bool is_word =
        code.size() <= 40 && code.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == code.npos;
    return is_word ? std::string{code} : std::string{};
}

}  // namespace

Task<DeskAnswer> ask_desk(net::Handler& endpoint, DeskQuestion question) {
    const auto limit = question.limit;
    auto what = fmt::format("the desk's answer to {} {}", question.method, question.target);
    try {
        co_return co_await async::deadline(limit, std::move(what), ask(endpoint, std::move(question)));
    } catch (const core::Error& error) {
        if (error.reason() != "too_large") throw;
    }
    throw core::Error{Code::unavailable, "the desk answered more than is allowed", "bad_desk_answer"};
}

core::Error error_of(const DeskAnswer& answer) {
    if (const auto problem = json::parse(answer.body, 8)) {
        auto message = clean(message_in(*problem));
        if (!message.empty()) return {code_of(answer.status), std::move(message), reason_in(*problem)};
    }
    return {code_of(answer.status), fmt::format("the desk answered with status {}", answer.status)};
}

}  // namespace carrel::fleet
