// How a WebSocket begins (RFC 6455 §4), on every side of it: the server's, and that of a proxy which passes
// the handshake on. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "net/http.hpp"

namespace carrel::net {

/// Throws Error{invalid} unless the request asks for a WebSocket as it should: "upgrade_required" (426, whose
/// answer gets handshake_hints) when it asks for none, or for another version.
void require_handshake(const Request& request);

/// What a 426 tells: which protocol is wanted, and which version of it (RFC 6455 §4.4).
void add_handshake_hints(Headers& headers);

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
