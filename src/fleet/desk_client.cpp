#include "fleet/desk_client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "async/deadline.hpp"
#include "core/plain_text.hpp"
#include "core/text.hpp"
#include "json/fields.hpp"
#include "net/status.hpp"

namespace carrel::fleet {

namespace {

using core::Code;

constexpr std::size_t most_message_bytes = 2'000;

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
    DeskAnswer answer{response.status, core::to_lower(response.headers.media_type()), {}};
    answer.body = co_await net::read_all(response, question.most_bytes);
    co_return answer;
}

/// A desk that fails is one that is not there for us: internal says that we have failed, unauthorized that
/// our own client has no key.
Code code_of(int status, std::string_view reason) {
    const auto code = net::find_code(status, reason).value_or(Code::unavailable);
    return code == Code::internal || code == Code::unauthorized ? Code::unavailable : code;
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
        auto message = core::plain_text(message_in(*problem), most_message_bytes, false);
        auto reason = reason_in(*problem);
        const auto code = code_of(answer.status, reason);
        if (!message.empty()) return {code, std::move(message), std::move(reason)};
    }
    return {code_of(answer.status, {}), fmt::format("the desk answered with status {}", answer.status)};
}

}  // namespace carrel::fleet
