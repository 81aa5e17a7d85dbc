#include "net/head_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "core/error.hpp"
#include "core/text.hpp"
#include "net/framing.hpp"
#include "net/status.hpp"

namespace carrel::net {

namespace {

bool is_framing_header(std::string_view name) {
    return std::ranges::any_of(framing_headers,
                               [&](auto ours) { return core::equals_ignoring_case(name, ours); });
}

}  // namespace

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

}  // namespace carrel::net
