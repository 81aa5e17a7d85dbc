// A client's WebSocket that ends in the desk: the handshake goes on and its answer is judged, frames pass
// untouched.
#pragma once

#include <memory>

#include "net/http.hpp"

namespace carrel::api {

/// Our own 101 in place of the desk's, `from_desk`; `inner` is the handshake as the desk got it. Then
/// bytes go both ways, each side at the other's speed, until one of them ends. `desk`, the way to it, is
/// kept until then. Throws Error{unavailable, "bad_desk_answer"} when the desk has accepted what was not
/// asked for.
net::Response accept_upgrade(const net::Request& inner, net::Response from_desk,
                             std::shared_ptr<net::Handler> desk);

}  // namespace carrel::api
