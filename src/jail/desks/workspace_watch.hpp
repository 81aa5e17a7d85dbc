// Whether the workspace that a desk has is full.
#pragma once

#include <sys/types.h>

#include "core/fd.hpp"

namespace carrel::jail::desks {

class WorkspaceWatch {
public:
    WorkspaceWatch();

    /// Becomes readable when it is full, and when the desk is gone. A desk may get one while it runs.
    core::Fd listen() const { return full_.duplicate(); }

    /// Looks at the disk of the workspace of a desk that has one. `process`: the desk's first. When the host
    /// has no room for what is written there, the disk takes no more, whoever writes.
    void look(const core::Fd& process, pid_t pid, bool host_is_short);

    /// The desk is gone.
    void end() const { wake(); }

private:
    void wake() const;

    core::Fd full_;  ///< eventfd
    bool is_full_ = false;
    bool is_closed_ = false;
};

}  // namespace carrel::jail::desks
