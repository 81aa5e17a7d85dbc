// Device nodes of a desk's own. The host's nodes, bound into desks, are one inode for all: a lock on
// /dev/zero that one desk holds (flock(2)) stops the host and the others, and inotify shows each what
// the others open.
#pragma once

#include "core/fd.hpp"
#include "jail/plan/plan.hpp"

namespace carrel::jail::host {

/// A file system in memory with the step's nodes, attached nowhere. It is the host's, since devices open
/// only there (user_namespaces(7)); the desk's root owns what is in it.
core::Fd make_nodes(const plan::step::Nodes& step);

/// Whether such nodes can be made here and opened: containers may have neither right.
bool can_make_nodes();

}  // namespace carrel::jail::host
