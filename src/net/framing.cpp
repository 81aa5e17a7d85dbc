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

bool is_host_character(char character) {
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
           (character >= 'A' && character <= 'Z') || std::string_view{".-_"}.contains(character);
}

/// A name or an IPv4 address, or an IPv6 one in brackets; then perhaps a port. Nobody's name and password.
bool is_host(std::string_view text) {
    if (text.empty()) return true;  // of a request that is for no host (RFC 9112 §3.2)
    std::string_view port;
    std::string_view name;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == text.npos) return false;
        name = text.substr(1, end - 1);
        port = text.substr(end + 1);
        const auto is_good = [](char each) { return each == ':' || is_host_character(each); };
        if (!name.contains(':') || !std::ranges::all_of(name, is_good)) return false;
    } else {
        name = text.substr(0, text.find(':'));
        port = text.substr(name.size());
        if (name.empty() || !std::ranges::all_of(name, is_host_character)) return false;
    }
    if (port.empty()) return true;
    const auto number = core::parse_unsigned(port.substr(1));
    return port.front() == ':' && number && *number <= 65535;
}

/// A target in absolute form, taken apart (RFC 9112 §3.2.2).
struct Absolute {
    std::string_view host;
    std::string origin_form;
};

/// Nothing when the target is in another form.
std::optional<Absolute> parse_absolute(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!core::equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
        const auto rest = target.substr(scheme.size());
        const auto host = rest.substr(0, rest.find_first_of("/?"));
        const auto path = rest.substr(host.size());
        return Absolute{host, (path.starts_with('/') ? "" : "/") + std::string{path}};
    }
    return std::nullopt;
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
    // Once and alone: other programs disagree about "\x0bchunked" and "chunked, chunked". Its case says
    // nothing (RFC 9112 §7), and whoever reads "CHUNKED" as no coding at all has to refuse it.
    if (headers.count("Transfer-Encoding") != 1 || !core::equals_ignoring_case(*encoding, "chunked"))
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
    const auto absolute = parse_absolute(target);
    if (!is_target(absolute ? absolute->origin_form : target))
        return core::refuse("the target must be a path of visible ASCII characters that begins with \"/\"");
    head.method = method;
    head.target = absolute ? absolute->origin_form : std::string{target};
    if (absolute) head.target_host = absolute->host;
    head.minor_version = *version;
    return {};
}

core::Expected<void> judge_request_headers(RequestHead& head) {
    const auto& headers = head.headers;
    if (headers.count("Host") != 1) return core::refuse("there must be exactly one Host header");
    const auto host = *headers.find("Host");
    if (!is_host(host)) return core::refuse("the Host header is not a host and port");
    // RFC 9112 §3.2 has a client say the same twice. Whoever says two things may be heard in two ways.
    if (head.target_host && head.target_host->empty()) return core::refuse("the target names no host");
    if (head.target_host && !core::equals_ignoring_case(*head.target_host, host))
        return core::refuse("the target and the Host header name two hosts");
    if (const auto expect = headers.find("Expect")) {
        if (headers.count("Expect") != 1 || !core::equals_ignoring_case(*expect, "100-continue"))
            return std::unexpected{core::Error{core::Code::invalid,
                                               "the only expectation that is met here is \"100-continue\"",
                                               "expectation_failed"}};
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
