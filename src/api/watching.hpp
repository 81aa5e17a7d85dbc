// Someone watches a desktop: RFB between a viewer's WebSocket and the desk, through the filter.
#pragma once

#include <functional>
#include <memory>

#include "net/http.hpp"

namespace carrel::api {

/// The answer to a viewer's handshake. `desk` leads to the desk's tool server, where GET /vnc becomes the
/// display's RFB stream; it is kept as long as the viewer stays. With `view_only` the viewer's keys,
/// pointer and clipboard go nowhere. `presence` lives as long as the viewer stays. Throws Error when the
/// request is no WebSocket handshake.
net::Response watch_desktop(const net::Request& request, std::shared_ptr<net::Handler> desk, bool view_only,
                            std::function<bool()> is_paused, std::shared_ptr<void> presence);

}  // namespace carrel::api
