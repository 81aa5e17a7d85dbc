// What the jail does to the host before the first desk, and what it learns about it.
#pragma once

#include <string>
#include <vector>

#include "jail/plan/facts.hpp"
#include "jail/serve.hpp"

namespace carrel::jail {

struct Host {
    plan::HostFacts facts;
    std::vector<core::Fd> held_groups;  ///< while the jail runs, see hold_hierarchies
    std::vector<std::string> warnings;  ///< sentences: what desks lack here and what to change
};

/// Gives this process its own mount namespace, prepares the data directory, raises the kernel's
/// limits that all desks share, opens cgroups. Throws when desks cannot be made at all.
Host open_host(const ServeOptions& options);

/// Raises a number in /proc/sys to at least `least`, or explains in `warnings` that it could not.
void raise_kernel_limit(const std::string& name, std::uint64_t least, std::vector<std::string>& warnings);

}  // namespace carrel::jail
