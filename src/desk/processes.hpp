// process/*: what runs in the desk, and ending it.
#pragma once

#include <vector>

#include "async/run_on.hpp"
#include "desk/handlers.hpp"

namespace carrel::desk {

/// `pool` must outlive the bindings.
std::vector<Binding> bind_processes(async::Pool& pool);

}  // namespace carrel::desk
