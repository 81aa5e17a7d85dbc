#include "agent/anthropic/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "core/text.hpp"
#include "json/parse.hpp"

namespace carrel::agent::anthropic {

namespace {

using core::Code;

struct Kind {
    int status;
    std::string_view type;
    Code code;
    std::string_view sentence;
    bool is_passing = false;
};

constexpr std::array kinds{
    Kind{400, "invalid_request_error", Code::invalid, "Anthropic refused the request"},
    Kind{401, "authentication_error", Code::unauthorized, "Anthropic does not accept this API key"},
    Kind{402, "billing_error", Code::forbidden, "Anthropic asks to check the account's billing"},
    Kind{403, "permission_error", Code::forbidden, "This API key is not allowed to do that"},
    Kind{404, "not_found_error", Code::not_found, "Anthropic has no such model (it may be retired)"},
    Kind{413, "request_too_large", Code::exhausted, "This session's history is larger than the model takes"},
    Kind{429, "rate_limit_error", Code::exhausted, "Anthropic's rate limit is reached", true},
    Kind{500, "api_error", Code::unavailable, "Anthropic had an error inside", true},
    Kind{504, "timeout_error", Code::unavailable, "Anthropic took too long", true},
    Kind{529, "overloaded_error", Code::unavailable, "Anthropic is overloaded", true},
    Kind{0, "answer_too_large", Code::exhausted, "The model's answer is larger than any that Carrel reads"},
    Kind{0, "bad_stream", Code::unavailable, "The model's answer was not whole", true},
};

const Kind* find_kind(std::string_view type) {
    for (const auto& kind : kinds)
        if (kind.type == type) return &kind;
    return nullptr;
}

/// Matters of the account that the vendor calls wrong requests. Taken for such, they would cost a session
/// what is newest in its history.
constexpr std::array<std::string_view, 3> account_matters{
    "credit balance is too low", "reached your specified API usage limits", "organization has been disabled"};

std::string_view true_type(std::string_view type, std::string_view message) {
    const bool is_about_account =
        std::ranges::any_of(account_matters, [&](auto words) { return message.find(words) != message.npos; });
    return type == "invalid_request_error" && is_about_account ? "billing_error" : type;
}

Kind kind_of_status(int status) {
    for (const auto& kind : kinds)
        if (kind.status == status) return kind;
    if (status >= 500) return {status, "api_error", Code::unavailable, "Anthropic had an error inside"};
    if (status >= 400)
        return {status, "invalid_request_error", Code::invalid, "Anthropic refused the request"};
    return {status, "unexpected_answer", Code::unavailable,
            "What answers at the model's address is not the Messages API"};
}

core::Error make_error(const Kind& kind, std::string_view detail) {
    constexpr std::size_t most_detail = 500;
    const auto text = core::repair_utf8(core::trim(detail));
    const auto part = core::utf8_prefix(text, most_detail);
    return {kind.code, fmt::format("{}{}{}", kind.sentence, part.empty() ? "" : ": ", part),
            std::string{kind.type}};
}

}  // namespace

core::Error error_of_reply(int status, std::string_view body) {
    const auto parsed = json::parse(body);
    const auto* error = parsed ? json::find(*parsed, "error") : nullptr;
    if (!error) return make_error(kind_of_status(status), fmt::format("status {}", status));
    const auto message = json::text_or(*error, "message");
    const auto* named = find_kind(true_type(json::text_or(*error, "type"), message));
    return make_error(named ? *named : kind_of_status(status), message);
}

core::Error error_of_type(std::string_view type, std::string_view message) {
    const auto* named = find_kind(true_type(type, message));
    return make_error(named ? *named : kind_of_status(500), message);
}

bool is_passing(std::string_view type) {
    const auto* named = find_kind(type);
    return !named || named->is_passing;
}

}  // namespace carrel::agent::anthropic
