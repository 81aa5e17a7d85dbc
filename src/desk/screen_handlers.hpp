// screen/*.
#pragma once

#include <vector>

#include "desk/desktop.hpp"
#include "desk/handlers.hpp"

namespace carrel::desk {

/// `display` must outlive the bindings.
std::vector<Binding> bind_screen(Display& display);

}  // namespace carrel::desk
