// Making a desk: carries out a plan's host steps while its first process carries out the desk's.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/fd.hpp"
#include "jail/desks/identity.hpp"
#include "jail/desks/seccomp.hpp"
#include "jail/disks/stock.hpp"
#include "jail/plan/plan.hpp"

namespace carrel::jail::desks {

struct Made {
    Identity identity;
    core::Fd disk;                      ///< the mount that holds its layer, if it has one
    core::Fd process;                   ///< pidfd of the first process, which runs its program now
    std::vector<std::string> warnings;  ///< the plan's, and what turned out on the way
    /// What took how long, in the order of the plan.
    std::vector<std::pair<std::string, std::chrono::microseconds>> took;
};

/// Throws "making desk desk_…: what: why". Processes are dead then; what else is left (folders,
/// groups, the socket) the caller removes, see removal.hpp.
/// unavailable ("no_disk") when there is no disk for it although this host has some.
Made make_desk(const wire::Spec& spec, const plan::HostFacts& facts, const Filter& filter,
               disks::Stock& stock);

}  // namespace carrel::jail::desks
