// SHA-1, which the WebSocket handshake needs to show that the server understood it. Not for security.
#pragma once

#include <string>
#include <string_view>

namespace carrel::net {

/// 20 bytes.
std::string sha1(std::string_view text);

}  // namespace carrel::net
