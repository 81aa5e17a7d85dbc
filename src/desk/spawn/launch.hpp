// Programs for the people and agents of a desk.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/fd.hpp"

namespace carrel::desk::spawn {

struct Launched {
    pid_t pid = 0;
    core::Fd process;  ///< a pidfd: readable when the program has ended
};

/// Starts a program in a session of its own, in `folder`, with nothing to read; what it writes goes to the
/// descriptor `output`. Blocks until it runs: for the pool. Throws core::system_error when there is no such
/// program, no room for a process, or no such folder.
Launched launch(std::vector<std::string> words, const std::string& folder, int output);

}  // namespace carrel::desk::spawn
