// process/*: what runs in the desk, and ending it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "async/run_on.hpp"
#include "desk/handlers.hpp"

namespace carrel::desk {

/// Ends all processes but those that the desk consists of, whose pids these are.
using EndPrograms = std::function<Task<std::vector<pid_t>>()>;

/// `pool` must outlive the bindings.
std::vector<Binding> bind_processes(async::Pool& pool, EndPrograms end_programs);

}  // namespace carrel::desk
