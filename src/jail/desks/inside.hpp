// The desk's first process, from the clone to the program it becomes.
#pragma once

#include "jail/desks/seccomp.hpp"
#include "jail/plan/plan.hpp"

namespace carrel::jail::desks {

/// Connections to a desk that wait until somebody takes them.
constexpr int endpoint_backlog = 128;

/// What the desk's first process is given; open descriptors of the jail, which it was cloned from.
struct Inheritance {
    int channel;   ///< to the jail: takes the root and the word to go, tells of failures
    int endpoint;  ///< the listening socket; becomes descriptor 3
    int log;       ///< the file of the desk's log; becomes descriptor 4
    int program;   ///< the desk's program
    int nodes;     ///< the file system of its devices, detached; -1 when it has none of its own
    const Filter* filter;
};

/// Carries out the plan's desk steps and becomes the program. A failure is sent to the jail.
[[noreturn]] void run_inside(const plan::Plan& plan, const Inheritance& given);

}  // namespace carrel::jail::desks
