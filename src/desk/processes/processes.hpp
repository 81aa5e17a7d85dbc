// process/*: what runs in the desk, and ending it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "async/run_on.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::processes {

using async::Task;

/// Ends all processes but those that the desk consists of, whose pids these are.
using EndPrograms = std::function<Task<std::vector<pid_t>>()>;

/// `pool` must outlive the bindings.
std::vector<rest::Binding> bind_processes(async::Pool& pool, EndPrograms end_programs);

}  // namespace carrel::desk::processes
