// Workspaces: DATA/workspaces/<owner>/<name>/ with `files` and `home`, either there or on a disk of its own,
// the file `disk` (disks/workspace_disk.hpp). All but what is in those two is root's, so that no desk can put
// something else in the place of what the jail opens.
#pragma once

#include <string>
#include <vector>

#include "core/fd.hpp"
#include "jail/plan/plan.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::jail::desks {

/// "OWNER/NAME".
std::string name_of(const wire::Workspace& workspace);

/// Whether there is one in this folder of root's.
bool is_workspace(const std::string& folder);

/// The part, detached, with the ids that a desk has in `user_namespace`. It is made if it is not there, with
/// its workspace. Throws invalid when that would be one more than its owner may have ("too_many_workspaces")
/// or the skeleton is too large ("home_too_large"), unavailable ("no_disk") when it can have no disk although
/// this host has some, and timeout.
core::Fd open_part(const plan::step::SendTree& step, int user_namespace, const plan::HostFacts& facts);

/// For who only reads what is in it: the folder that holds its parts.
core::Fd open_to_read(const std::string& folder);

/// A detached file system, and where it shall be in a desk.
struct Tree {
    core::Fd fd;
    std::string at;
};
/// Attaches them in a desk that runs. `desk`: the pidfd of its first process.
void attach_in_desk(const core::Fd& desk, const std::vector<Tree>& trees);

}  // namespace carrel::jail::desks
