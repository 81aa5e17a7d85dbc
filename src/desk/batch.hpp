// desk/batch: operations one after another in one request, each through its own handler.
#pragma once

#include <vector>

#include "ops/operation.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk {

/// `bindings` must outlive it, and may hold it.
std::vector<rest::Binding> bind_batch(const rest::Bindings& bindings);

}  // namespace carrel::desk
