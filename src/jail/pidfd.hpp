// Processes by descriptors: no process id is ever mistaken for another's.
#pragma once

#include <sys/types.h>

#include "core/fd.hpp"

namespace carrel::jail {

/// The pidfd of a process, or nothing when there is none.
core::Fd find_process(pid_t pid);
/// Sends a signal; false when the process is dead. Signal 0 only asks.
bool send_signal(const core::Fd& process, int number);

}  // namespace carrel::jail
