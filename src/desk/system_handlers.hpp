// system/*: health, figures, waiting.
#pragma once

#include <vector>

#include "desk/desktop/desktop.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk {

/// What this tool server is; GET /hello tells it, too.
inline constexpr std::string_view tool_server_version = "0.1.0";

/// Both must outlive the bindings.
std::vector<rest::Binding> bind_system(desktop::Display& display, async::Pool& pool);

}  // namespace carrel::desk
