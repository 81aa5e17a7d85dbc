#include "net/head_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "core/error.hpp"
#include "core/text.hpp"
#include "json/parse.hpp"
#include "net/framing.hpp"

namespace carrel::net {

namespace {

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

bool is_framing_header(std::string_view name) {
    return std::ranges::any_of(framing_headers,
                               [&](auto ours) { return core::equals_ignoring_case(name, ours); });
}

}  // namespace

std::string_view phrase_of(int status) {
    const auto place = std::ranges::find(phrases, status, &Phrase::status);
    return place == phrases.end() ? "Unknown" : place->text;
}

void append_status_line(std::string& head, int status) {
    fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\n", status, phrase_of(status));
}

void append_line(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

void append_headers(std::string& head, const Headers& headers) {
    for (const auto& [name, value] : headers) {
        if (is_framing_header(name)) continue;
        if (!is_token(name) || !is_header_value(value))
            throw core::Error{core::Code::internal,
                              "a header to be sent has characters that no header may have"};
        append_line(head, name, value);
    }
}

const std::string& DateLine::text() {
    const std::time_t now = std::time(nullptr);
    if (now == second_) return text_;
    second_ = now;
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    gmtime_r(&now, &parts);
    text_ =
        fmt::format("Date: {}, {:02} {} {} {:02}:{:02}:{:02} GMT\r\n", days.at(parts.tm_wday), parts.tm_mday,
                    months.at(parts.tm_mon), parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    return text_;
}

Response problem_response(int status, std::string_view code, std::string_view detail,
                          std::string_view request_id) {
    json::Object problem{{"type", "about:blank"},
                         {"title", phrase_of(status)},
                         {"status", status},
                         {"detail", detail},
                         {"code", code}};
    if (!request_id.empty()) problem["request_id"] = request_id;
    auto response = json_response(status, json::to_text(problem));
    response.headers.set("Content-Type", "application/problem+json");
    return response;
}

}  // namespace carrel::net
