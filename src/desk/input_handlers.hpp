// mouse/* and keyboard/*.
#pragma once

#include <vector>

#include "desk/desktop.hpp"
#include "rest/handlers.hpp"

namespace carrel::desk {

/// `display` must outlive the bindings.
std::vector<rest::Binding> bind_mouse(Display& display);
std::vector<rest::Binding> bind_keyboard(Display& display);

}  // namespace carrel::desk
