// What is seen where no window is.
#pragma once

#include "desk/picture/picture.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::screen {

/// Paints the root window with a calm gradient from top to bottom. Queued, not sent.
void paint_backdrop(x11::Connection& connection, picture::Size screen);

}  // namespace carrel::desk::screen
