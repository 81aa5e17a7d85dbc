// What the fleet says, in the jail's words. Pure.
#pragma once

#include "fleet/driver.hpp"
#include "jail/wire/messages.hpp"

namespace carrel::driver::native {

jail::wire::Limits jail_limits(const core::Limits& limits);
jail::wire::Network jail_network(core::Network network);
jail::wire::Workspace jail_workspace(const fleet::WorkspaceUse& use);
/// A principal, as its workspaces' folder is called.
std::string owner_of(const std::string& principal);
jail::wire::Change jail_change(std::string desk, const fleet::DeskChange& change);

}  // namespace carrel::driver::native
