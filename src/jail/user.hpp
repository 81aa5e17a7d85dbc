// Who a desk's processes are: ranges of ids, and the loss of every privilege.
#pragma once

#include <sys/types.h>

#include "jail/plan.hpp"

namespace carrel::jail {

/// Writes the id maps of a new user namespace; `process` is its first.
void map_ids(const step::MapIds& step, pid_t process);

/// Inside: uid and gid 0 of the namespace, with all its capabilities.
void become_root();
/// Empties the bounding, ambient and inheritable sets and locks the doors by which capabilities
/// come back. What is effective goes with become_user.
void drop_capabilities();
/// The agent: no groups but its own, no capability.
void become_user(const step::BecomeUser& step);
void set_limit(const step::ResourceLimit& step);

}  // namespace carrel::jail
