#include "net/framing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace carrel::net {

namespace {

constexpr std::size_t most_headers = 128;
constexpr std::string_view line_end = "\r\n";

constexpr auto token_characters = [] {
    std::array<bool, 256> allowed{};
    for (const char character :
         std::string_view{"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"})
        allowed[static_cast<unsigned char>(character)] = true;
    return allowed;
}();

bool is_token_character(char character) { return token_characters[static_cast<unsigned char>(character)]; }

bool is_host(std::string_view host) {
    return std::ranges::all_of(host, [](char character) {
        return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
               (character >= 'A' && character <= 'Z') || std::string_view{".-_:[]"}.contains(character);
    });
}

/// 0 or 1 for "HTTP/1.0" and "HTTP/1.1".
std::optional<int> parse_version(std::string_view version) {
    if (version == "HTTP/1.1") return 1;
    if (version == "HTTP/1.0") return 0;
    return std::nullopt;
}

core::Expected<void> add_header(std::string_view line, Headers& headers) {
    if (line.front() == ' ' || line.front() == '\t')
        return core::refuse("a header line begins with a space: folded headers are not accepted");
    const auto colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon)))
        return core::refuse("a header line is not of the form \"name: value\"");
    const auto value = core::trim(line.substr(colon + 1));
    if (!is_header_value(value))
        return core::refuse(
            fmt::format("the header {} has a control character in its value", line.substr(0, colon)));
    headers.add(std::string{line.substr(0, colon)}, std::string{value});
    return {};
}

/// `lines` is what follows the first line, with the empty line at the end.
core::Expected<Headers> parse_headers(std::string_view lines) {
    Headers headers;
    while (!lines.starts_with(line_end)) {
        const auto end = lines.find(line_end);
        if (end == lines.npos) return core::refuse("the head does not end with an empty line");
        if (auto added = add_header(lines.substr(0, end), headers); !added)
            return std::unexpected{std::move(added.error())};
        if (headers.size() > most_headers)
            return std::unexpected{core::Error{
                core::Code::exhausted, fmt::format("there are more than {} header lines", most_headers),
                "head_too_large"}};
        lines.remove_prefix(end + line_end.size());
    }
    if (lines.size() != line_end.size()) return core::refuse("bytes follow the empty line of the head");
    return headers;
}

core::Expected<std::uint64_t> parse_content_length(const Headers& headers) {
    if (headers.count("Content-Length") != 1) return core::refuse("Content-Length is given more than once");
    const auto length = core::parse_unsigned(*headers.find("Content-Length"));
    if (!length) return core::refuse("Content-Length is not a plain decimal number");
    return *length;
}

/// What Transfer-Encoding and Content-Length say together; kind none when there is neither.
core::Expected<BodyFrame> parse_body_frame(const Headers& headers, int minor_version) {
    const auto encoding = headers.find("Transfer-Encoding");
    if (!encoding) {
        if (!headers.has("Content-Length")) return BodyFrame{};
        const auto length = parse_content_length(headers);
        if (!length) return std::unexpected{length.error()};
        return BodyFrame{BodyFrame::Kind::length, *length};
    }
    if (headers.has("Content-Length"))
        return core::refuse("Transfer-Encoding and Content-Length stand together: only one may");
    if (minor_version == 0) return core::refuse("HTTP/1.0 knows no Transfer-Encoding");
    // Only this spelling: other programs disagree about "Chunked", "\x0bchunked" and "chunked, chunked".
    if (headers.count("Transfer-Encoding") != 1 || *encoding != "chunked")
        return core::refuse("the only Transfer-Encoding accepted is \"chunked\"");
    return BodyFrame{BodyFrame::Kind::chunked, 0};
}

bool keeps_alive(const Headers& headers, int minor_version) {
    if (headers.has_token("Connection", "close")) return false;
    return minor_version == 1 || headers.has_token("Connection", "keep-alive");
}

core::Expected<void> parse_request_line(std::string_view line, RequestHead& head) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == line.npos || first == last)
        return core::refuse("the first line is not of the form \"METHOD /path HTTP/1.1\"");
    const auto method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    const auto version = parse_version(line.substr(last + 1));
    if (!version) return core::refuse("the first line does not end with HTTP/1.1 or HTTP/1.0");
    if (!is_token(method)) return core::refuse("the method has characters that no method has");
    if (!is_target(target))
        return core::refuse("the target must be a path of visible ASCII characters that begins with \"/\"");
    head.method = method;
    head.target = target;
    head.minor_version = *version;
    return {};
}

core::Expected<void> judge_request_headers(RequestHead& head) {
    const auto& headers = head.headers;
    if (headers.count("Host") != 1) return core::refuse("there must be exactly one Host header");
    if (!is_host(*headers.find("Host"))) return core::refuse("the Host header is not a host and port");
    if (const auto expect = headers.find("Expect")) {
        if (headers.count("Expect") != 1 || !core::equals_ignoring_case(*expect, "100-continue"))
            return core::refuse("the only expectation accepted is \"100-continue\"");
        head.expects_continue = head.minor_version == 1;
    }
    const auto frame = parse_body_frame(headers, head.minor_version);
    if (!frame) return std::unexpected{frame.error()};
    head.body = *frame;
    head.keep_alive = keeps_alive(headers, head.minor_version);
    return {};
}

core::Expected<void> parse_status_line(std::string_view line, AnswerHead& head) {
    const auto version = parse_version(line.substr(0, 8));
    if (!version || line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' '))
        return core::refuse("the status line is not of the form \"HTTP/1.1 200 OK\"");
    const auto status = core::parse_unsigned(line.substr(9, 3));
    if (!status || *status < 100 || *status > 599)
        return core::refuse("the status is not a number from 100 to 599");
    if (line.size() > 12 && !is_header_value(line.substr(12)))
        return core::refuse("the status line has a control character");
    head.status = static_cast<int>(*status);
    head.minor_version = *version;
    return {};
}

/// The first line and the rest; nothing without a line end.
std::optional<std::pair<std::string_view, std::string_view>> split_head(std::string_view head) {
    const auto end = head.find(line_end);
    if (end == head.npos) return std::nullopt;
    return std::pair{head.substr(0, end), head.substr(end + line_end.size())};
}

core::Expected<void> judge_start(char first) {
    if (first == '\x16')
        return core::refuse("this looks like TLS, and plain HTTP is spoken here: use http:// in the address");
    if (!is_token_character(first)) return core::refuse("this is not HTTP");
    return {};
}

}  // namespace

/// Origin form only: "/…" of visible ASCII. Browsers leave some characters unescaped that RFC 3986
/// forbids ("|", "{"), so those pass; a fragment never is part of a request.
bool is_target(std::string_view target) {
    return target.starts_with('/') && std::ranges::all_of(target, [](char character) {
               return character > ' ' && character < '\x7f' && character != '#';
           });
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_token_character);
}

bool is_header_value(std::string_view text) {
    return std::ranges::all_of(text, [](char character) {
        return static_cast<unsigned char>(character) >= ' ' ? character != '\x7f' : character == '\t';
    });
}

core::Expected<std::optional<std::size_t>> find_head_end(std::string_view bytes, std::size_t start) {
    if (start == 0 && !bytes.empty())
        if (auto judged = judge_start(bytes.front()); !judged)
            return std::unexpected{std::move(judged.error())};
    for (auto place = bytes.find('\n', start); place != bytes.npos; place = bytes.find('\n', place + 1)) {
        if (place == 0 || bytes[place - 1] != '\r')
            return core::refuse("a line ends with LF alone: lines of a head end with CR LF");
        if (place >= 3 && bytes.substr(place - 3, 2) == line_end) return place + 1;
    }
    return std::nullopt;
}

core::Expected<RequestHead> parse_request_head(std::string_view bytes) {
    const auto parts = split_head(bytes);
    if (!parts) return core::refuse("the head has no line end");
    RequestHead head;
    if (auto line = parse_request_line(parts->first, head); !line)
        return std::unexpected{std::move(line.error())};
    auto headers = parse_headers(parts->second);
    if (!headers) return std::unexpected{std::move(headers.error())};
    head.headers = std::move(*headers);
    if (auto judged = judge_request_headers(head); !judged) return std::unexpected{std::move(judged.error())};
    return head;
}

core::Expected<AnswerHead> parse_answer_head(std::string_view bytes, std::string_view method) {
    const auto parts = split_head(bytes);
    if (!parts) return core::refuse("the head has no line end");
    AnswerHead head;
    if (auto line = parse_status_line(parts->first, head); !line)
        return std::unexpected{std::move(line.error())};
    auto headers = parse_headers(parts->second);
    if (!headers) return std::unexpected{std::move(headers.error())};
    head.headers = std::move(*headers);
    const auto frame = parse_body_frame(head.headers, head.minor_version);
    if (!frame) return std::unexpected{frame.error()};
    const bool has_body = method != "HEAD" && head.status >= 200 && head.status != 204 && head.status != 304;
    if (has_body) head.body = *frame;
    if (has_body && frame->kind == BodyFrame::Kind::none) head.body.kind = BodyFrame::Kind::until_close;
    head.keep_alive =
        head.body.kind != BodyFrame::Kind::until_close && keeps_alive(head.headers, head.minor_version);
    return head;
}

}  // namespace carrel::net
