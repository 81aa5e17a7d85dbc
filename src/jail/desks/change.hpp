// Other limits for a desk that runs.
#pragma once

#include <string>
#include <vector>

#include "jail/cgroup/hierarchies.hpp"
#include "jail/plan/facts.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::jail::desks {

/// Writes `limits` into the groups of the desk; what this host cannot change is a warning. Throws conflict
/// when the desk holds more memory than it shall have and cannot give it back; nothing is changed then.
std::vector<std::string> change_limits(const std::vector<cgroup::Hierarchy>& hierarchies,
                                       const std::string& id, const wire::Limits& limits,
                                       const plan::HostFacts& facts);

}  // namespace carrel::jail::desks
