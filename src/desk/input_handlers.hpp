// mouse/* and keyboard/*.
#pragma once

#include <vector>

#include "desk/desktop.hpp"
#include "desk/handlers.hpp"

namespace carrel::desk {

/// `display` must outlive the bindings.
std::vector<Binding> bind_mouse(Display& display);
std::vector<Binding> bind_keyboard(Display& display);

}  // namespace carrel::desk
