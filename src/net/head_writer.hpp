// Writing heads: the one place where a header could be split in two, and is not.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "net/http.hpp"

namespace carrel::net {

/// "HTTP/1.1 404 Not Found" and line end.
void append_status_line(std::string& head, int status);
/// "name: value" and line end; unchecked, for names and values of our own.
void append_line(std::string& head, std::string_view name, std::string_view value);
/// What only the writer of a head writes: how messages are framed and where they go.
inline constexpr std::array<std::string_view, 5> framing_headers{"Content-Length", "Transfer-Encoding",
                                                                 "Connection", "Keep-Alive", "Host"};
/// All lines but the framing_headers. Throws Error{internal} on a name or value that would break the head.
void append_headers(std::string& head, const Headers& headers);

/// "IMF-fixdate" of now (RFC 9110 §5.6.7), renewed once a second.
class DateLine {
public:
    const std::string& text();

private:
    long second_ = -1;
    std::string text_;
};

}  // namespace carrel::net
