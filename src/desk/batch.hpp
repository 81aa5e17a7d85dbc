// desk/batch: operations one after another in one request, each through its own handler.
#pragma once

#include <vector>

#include "desk/bindings.hpp"
#include "desk/handlers.hpp"
#include "ops/operation.hpp"

namespace carrel::desk {

/// `bindings` must outlive it, and may hold it.
std::vector<Binding> bind_batch(const Bindings& bindings);

}  // namespace carrel::desk
