// Workspaces over REST.
#pragma once

#include <vector>

#include "api/routes.hpp"
#include "session/service.hpp"

namespace carrel::api {

/// Bindings of workspaces/*. `service` must outlive them.
std::vector<Binding> workspace_bindings(session::SessionService& service);

}  // namespace carrel::api
