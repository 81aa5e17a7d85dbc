// The server about itself: that it lives, configuration, logins, model keys, and the page's files.
#pragma once

#include <string>
#include <vector>

#include "api/routes.hpp"
#include "session/service.hpp"

namespace carrel::api {

inline constexpr std::string_view version = "0.1.0";

/// Bindings of health/live, config, login, logout, credentials/* and page/*; all must outlive them.
std::vector<Binding> about_bindings(session::SessionService& service, session::Models& models,
                                    Gatekeeper& gatekeeper, const core::Clock& clock);

}  // namespace carrel::api
