// A session's log: stored events, events as they happen, and the pictures that they name.
#pragma once

#include <vector>

#include "api/routes.hpp"
#include "session/service.hpp"

namespace carrel::api {

/// Bindings of events/list, events/stream, events/follow and blobs/get. `service` must outlive them.
std::vector<Binding> event_bindings(session::SessionService& service);

}  // namespace carrel::api
