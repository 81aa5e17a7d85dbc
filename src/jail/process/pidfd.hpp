// Processes by descriptors: no process id is ever mistaken for another's.
#pragma once

#include <sys/types.h>

#include "core/fd.hpp"

namespace carrel::jail::process {

/// The pidfd of a process, or nothing when there is none.
core::Fd find_process(pid_t pid);
/// Sends a signal; false when the process is dead and reaped.
bool send_signal(const core::Fd& process, int number);
/// Whether the process is dead, reaped or not. For the first one of a pid namespace that means all
/// others there are dead, too (pid_namespaces(7)).
bool has_ended(const core::Fd& process);

}  // namespace carrel::jail::process
