// Sessions, messages and turns over REST.
#pragma once

#include <vector>

#include "api/routes.hpp"
#include "session/service.hpp"

namespace carrel::api {

/// Bindings of sessions/*, messages/send, turn/cancel, desk/renew and desk/log. `service` must outlive them.
std::vector<Binding> session_bindings(session::SessionService& service);

}  // namespace carrel::api
