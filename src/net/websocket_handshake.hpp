// How a WebSocket begins (RFC 6455 §4), on every side of it: the server's, and that of a proxy which passes
// the handshake on. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "net/http.hpp"

namespace carrel::net {

/// Whether the request asks for a WebSocket as it should: nothing when it does, the 426 that RFC 6455 wants
/// for another version. Throws Error{invalid} when it is no handshake.
std::optional<Response> refuse_handshake(const Request& request);

/// What a proxy passes on of a good handshake: no extension, so frames can pass untouched without one being
/// agreed on behind the proxy's back.
Headers handshake_headers(const Headers& from);

/// Of the 101 to a good handshake; `subprotocol` may be empty.
Headers acceptance_headers(const Request& request, std::string_view subprotocol);

/// Judges the 101 that another server gave to a handshake with `offered` headers: the subprotocol that was
/// agreed on, empty when none. Refuses a wrong Sec-WebSocket-Accept, an extension, a subprotocol that nobody
/// offered.
core::Expected<std::string> judge_acceptance(const Headers& offered, const Headers& answer);

}  // namespace carrel::net
