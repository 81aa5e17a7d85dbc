// Group folders of jails that are no more: a killed one cannot remove its own, and when its data
// directory goes too, no later jail has the same name.
#pragma once

#include <string>
#include <vector>

#include "core/fd.hpp"
#include "jail/cgroup/hierarchies.hpp"

namespace carrel::jail::cgroup {

/// The host's jails start one after another while they hold this: a folder that is made but not yet
/// held would be swept by the next one. Throws timeout after 10 s.
core::Fd wait_for_turn();

/// Says that the hierarchies' folders are in use for as long as the answer lives (a shared lock on
/// each, which the kernel lets go of when we die). Throws unavailable when one has just been removed
/// by somebody who does not wait for a turn.
std::vector<core::Fd> hold_hierarchies(const std::vector<Hierarchy>& hierarchies);

/// Removes the other jails' folders beside ours that nobody holds and in which no process lives.
void sweep_hierarchies(const std::vector<Hierarchy>& hierarchies);

}  // namespace carrel::jail::cgroup
