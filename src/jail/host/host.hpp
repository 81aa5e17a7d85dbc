// What the jail does to the host before the first desk, and what it learns about it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "jail/host/ranges.hpp"
#include "jail/plan/facts.hpp"

namespace carrel::jail::host {

/// Who is served, and where; what `carrel-jail serve` is told.
struct Options {
    std::string data;                        ///< the data directory
    std::uint32_t uid_base = 2'000'000'000;  ///< desks have whole ranges of ids from here up
    uid_t carrel_uid = 0;
    gid_t carrel_gid = 0;
    std::string desk_binary;  ///< "" means carrel-desk beside this program
};

struct Host {
    plan::HostFacts facts;
    Ranges ranges;
    std::vector<core::Fd> held_groups;  ///< while the jail runs, see hold_hierarchies
    std::vector<std::string> warnings;  ///< sentences: what desks lack here and what to change
};

/// Gives this process its own mount namespace, prepares the data directory, raises the kernel's
/// limits that all desks share, opens cgroups. Throws when desks cannot be made at all.
Host open_host(const Options& options);

/// Raises a number in /proc/sys to at least `least`; false when it could not, as `warnings` explains then.
bool raise_kernel_limit(const std::string& name, std::uint64_t least, std::vector<std::string>& warnings);

}  // namespace carrel::jail::host
