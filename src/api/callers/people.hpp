// Keys, links and tickets: who lets people in, and how.
#pragma once

#include <vector>

#include "api/routes.hpp"
#include "people/people.hpp"
#include "session/service.hpp"

namespace carrel::api {

/// What is referred to must outlive the bindings.
std::vector<Binding> people_bindings(people::People& people, session::SessionService& service,
                                     Gatekeeper& gatekeeper);

/// The page of one desktop. Who comes by a link (?link=) gets a cookie for that session alone in exchange,
/// and is sent on to an address without the secret.
Task<net::Response> desk_page(Gatekeeper& gatekeeper, const core::Clock& clock, net::Request& request);

}  // namespace carrel::api
