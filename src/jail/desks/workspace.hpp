// Workspaces: DATA/workspaces/<owner>/<name>/{files,home}. All but what is in the last two is root's, so that
// no desk can put something else in the place of what the jail opens.
#pragma once

#include <string>
#include <vector>

#include "core/fd.hpp"
#include "jail/plan/plan.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::jail::desks {

/// "OWNER/NAME".
std::string name_of(const wire::Workspace& workspace);

/// The part, detached, with the ids that a desk has in `user_namespace`. It is made if it is not there, with
/// its parents.
core::Fd open_part(const plan::step::SendTree& step, int user_namespace);

/// A detached file system, and where it shall be in a desk.
struct Tree {
    core::Fd fd;
    std::string at;
};
/// Attaches them in a desk that runs. `desk`: the pidfd of its first process.
void attach_in_desk(const core::Fd& desk, const std::vector<Tree>& trees);

}  // namespace carrel::jail::desks
