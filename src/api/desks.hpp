// A session's desk: its operations and its live screen, both passed on to the desk itself.
#pragma once

#include <vector>

#include "api/routes.hpp"
#include "session/service.hpp"

namespace carrel::api {

/// Where a desk's operations are offered: this and the row's path.
inline constexpr std::string_view desk_prefix = "/api/v1/sessions/{id}/desk";

/// Adds a route for every row of ops::desk_operations. `service` must outlive the router.
void add_desk_routes(net::Router& router, Gatekeeper& gatekeeper, session::SessionService& service,
                     const Observer& observer);

/// The binding of desk/vnc.
std::vector<Binding> desk_bindings(session::SessionService& service);

}  // namespace carrel::api
