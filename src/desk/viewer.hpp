// The live screen: the desk's side of a viewer's connection.
#pragma once

#include "desk/desktop/desktop.hpp"
#include "net/http.hpp"

namespace carrel::desk {

using async::Task;

/// GET /vnc with `Upgrade: carrel-stream`: 101, then the bytes of Xvnc's own socket both ways. Throws
/// Error{invalid} without that header and Error{unavailable} while the display is not up.
Task<net::Response> open_viewer(desktop::Display& display, net::Request& request);

}  // namespace carrel::desk
