// Whether desks with a network will reach anything: the host's routes and name servers, which are theirs too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/doctor.hpp"

namespace carrel::app {

/// The interface of the default route in a text of /proc/net/route; nothing without one. Pure.
std::optional<std::string> find_default_route(std::string_view routes);

/// What a name server's raw answer to a question about the root says of it: nothing when it serves, else why
/// not. Pure.
std::optional<std::string> find_refusal(std::string_view answer);

/// Asks the name servers of /etc/resolv.conf one question; takes some seconds when none answers.
std::vector<Finding> examine_network();

}  // namespace carrel::app
