#include "net/status.hpp"

#include <algorithm>
#include <array>

namespace carrel::net {

namespace {

using core::Code;

struct CodeRow {
    Code code;
    int status;
};
/// One status each, so that a status tells the code whatever the reason.
constexpr std::array codes{
    CodeRow{Code::invalid, 400},   CodeRow{Code::unauthorized, 401}, CodeRow{Code::forbidden, 403},
    CodeRow{Code::not_found, 404}, CodeRow{Code::conflict, 409},     CodeRow{Code::exhausted, 507},
    CodeRow{Code::timeout, 504},   CodeRow{Code::unavailable, 503},  CodeRow{Code::internal, 500},
};

struct ReasonRow {
    Code code;
    std::string_view reason;
    int status;
};
/// Reasons that have a status of their own.
constexpr std::array reasons{
    ReasonRow{Code::invalid, "method_not_allowed", 405},
    ReasonRow{Code::invalid, "too_large", 413},
    ReasonRow{Code::invalid, "unsupported_media_type", 415},
    ReasonRow{Code::invalid, "out_of_range", 416},
    ReasonRow{Code::invalid, "expectation_failed", 417},
    // Well-formed, but it says the wrong thing.
    ReasonRow{Code::invalid, "validation_failed", 422},
    ReasonRow{Code::invalid, "unknown_provider", 422},
    ReasonRow{Code::invalid, "unsupported_model", 422},
    ReasonRow{Code::invalid, "takes_no_key", 422},
    ReasonRow{Code::invalid, "no_image", 422},
    ReasonRow{Code::invalid, "beyond_the_bounds", 422},
    ReasonRow{Code::invalid, "desk_too_large", 422},
    ReasonRow{Code::invalid, "too_many_workspaces", 422},
    ReasonRow{Code::invalid, "home_too_large", 422},
    ReasonRow{Code::invalid, "upgrade_required", 426},
    ReasonRow{Code::timeout, "request_timeout", 408},
    ReasonRow{Code::exhausted, "head_too_large", 431},
    // What is full now is free again soon.
    ReasonRow{Code::exhausted, "too_many_connections", 503},
    ReasonRow{Code::exhausted, "too_many_bodies", 503},
    ReasonRow{Code::exhausted, "too_many_calls", 503},
    ReasonRow{Code::exhausted, "too_many_wrong_keys", 429},
    ReasonRow{Code::exhausted, "rate_limit_exceeded", 429},
    ReasonRow{Code::exhausted, "no_free_desk", 503},
    ReasonRow{Code::exhausted, "no_descriptors", 503},
    ReasonRow{Code::exhausted, "no_memory", 503},
    ReasonRow{Code::unavailable, "tool_server_restarted", 502},
    ReasonRow{Code::unavailable, "bad_desk_answer", 502},
};

struct Phrase {
    int status;
    std::string_view text;
};

constexpr std::array phrases{
    Phrase{101, "Switching Protocols"},
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{202, "Accepted"},
    Phrase{204, "No Content"},
    Phrase{206, "Partial Content"},
    Phrase{301, "Moved Permanently"},
    Phrase{302, "Found"},
    Phrase{303, "See Other"},
    Phrase{304, "Not Modified"},
    Phrase{307, "Temporary Redirect"},
    Phrase{308, "Permanent Redirect"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{406, "Not Acceptable"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{412, "Precondition Failed"},
    Phrase{413, "Content Too Large"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{416, "Range Not Satisfiable"},
    Phrase{417, "Expectation Failed"},
    Phrase{421, "Misdirected Request"},
    Phrase{422, "Unprocessable Content"},
    Phrase{426, "Upgrade Required"},
    Phrase{428, "Precondition Required"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{499, "Client Closed Request"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{507, "Insufficient Storage"},
};

}  // namespace

std::string_view phrase_of(int status) {
    const auto place = std::ranges::find(phrases, status, &Phrase::status);
    return place == phrases.end() ? "Unknown" : place->text;
}

int status_of(const core::Error& error) {
    const auto reason = std::ranges::find_if(reasons, [&](const ReasonRow& row) {
        return row.code == error.code() && row.reason == error.reason();
    });
    if (reason != reasons.end()) return reason->status;
    return std::ranges::find(codes, error.code(), &CodeRow::code)->status;
}

std::optional<Code> find_code(int status, std::string_view reason) {
    const auto named = std::ranges::find_if(
        reasons, [&](const ReasonRow& row) { return row.status == status && row.reason == reason; });
    if (named != reasons.end()) return named->code;
    const auto code = std::ranges::find(codes, status, &CodeRow::status);
    if (code != codes.end()) return code->code;
    const auto any = std::ranges::find(reasons, status, &ReasonRow::status);
    if (any != reasons.end()) return any->code;
    return std::nullopt;
}

}  // namespace carrel::net
