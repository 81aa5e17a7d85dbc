// The fleet as clients see it: who waits, which desks are warm, and cleaning up.
#pragma once

#include <vector>

#include "api/routes.hpp"
#include "session/service.hpp"

namespace carrel::api {

/// `service` outlives the bindings.
std::vector<Binding> fleet_bindings(session::SessionService& service);

}  // namespace carrel::api
