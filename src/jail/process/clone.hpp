// A desk's first process: like fork, in new namespaces.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "core/fd.hpp"

namespace carrel::jail::process {

/// `owner`: the host's uid that the new user namespace belongs to. What its processes hold of inotify,
/// queued signals, timers, message queues, locked memory and further namespaces the kernel counts for
/// them and once more for this uid (user_namespaces(7), kernel/ucount.c). It is the desk's own, so that
/// no desk uses up what the host's root or another desk may have.
struct Clone {
    std::uint64_t namespaces;  ///< CLONE_NEW…
    std::string group;         ///< the v2 group that it begins in, or ""
    uid_t owner;
};

struct Cloned {
    pid_t pid;  ///< 0 in the new process
    core::Fd process;
};

/// Before clone3 can be used (filters of containers refuse it), the older call does, without a group.
Cloned clone_process(const Clone& step);

}  // namespace carrel::jail::process
