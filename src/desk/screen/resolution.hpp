// Another size for the screen, while everything runs (RandR).
#pragma once

#include "desk/picture/picture.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::screen {

using async::Task;

/// Asks the X server for that size and returns when it has taken it. Windows, panel and viewers are told by
/// the X server. One at a time. Throws Error{internal} when it refuses, Error{unavailable} when the display
/// ends.
Task<> change_resolution(x11::Connection& connection, picture::Size size);

}  // namespace carrel::desk::screen
