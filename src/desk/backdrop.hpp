// What is seen where no window is.
#pragma once

#include "desk/connection.hpp"
#include "desk/picture.hpp"

namespace carrel::desk {

/// Paints the root window with a calm gradient from top to bottom. Queued, not sent.
void paint_backdrop(Connection& connection, Size screen);

}  // namespace carrel::desk
