// Bindings whose handler asks the session service.
#pragma once

#include "api/routes.hpp"
#include "session/service.hpp"

namespace carrel::api {

using ServiceFunction = Task<net::Response> (*)(session::SessionService&, net::Request&, Principal principal);

/// `service` must outlive the binding.
inline Binding service_binding(session::SessionService& service, std::string_view name,
                               ServiceFunction function) {
    return {name, [&service, function](net::Request& request, const Principal& principal) {
                return function(service, request, principal);
            }};
}

}  // namespace carrel::api
