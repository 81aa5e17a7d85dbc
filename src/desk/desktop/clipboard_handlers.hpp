// system/clipboard, read and set.
#pragma once

#include <vector>

#include "async/run_on.hpp"
#include "desk/desktop/desktop.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::desktop {

/// Both must outlive the bindings.
std::vector<rest::Binding> bind_clipboard(Display& display, async::Pool& pool);

}  // namespace carrel::desk::desktop
