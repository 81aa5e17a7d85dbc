// window/*: which windows are open, and what is done to them.
#pragma once

#include <vector>

#include "desk/desktop/desktop.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::desktop {

/// `display` must outlive the bindings.
std::vector<rest::Binding> bind_windows(Display& display);

}  // namespace carrel::desk::desktop
