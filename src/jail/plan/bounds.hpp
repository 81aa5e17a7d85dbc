// What one desk may use of the host: control groups, resource limits of processes, and numbers that the
// kernel counts for a user namespace. Pure; plan.cpp puts them where they belong in the order.
#pragma once

#include <string>
#include <vector>

#include "jail/plan/plan.hpp"

namespace carrel::jail::plan {

/// The settings of the desk's `group` in `tree`.
std::vector<step::Setting> group_settings(const cgroup::Hierarchy& tree, const std::string& group,
                                          const wire::Limits& limits, const HostFacts& facts);

/// What every process of the desk inherits and cannot raise.
std::vector<step::ResourceLimit> resource_limits(const wire::Limits& limits, const HostFacts& facts);

/// What the desk's user namespace may hold, programs in namespaces of their own included.
std::vector<step::KernelValue> namespace_bounds();

/// What the desk is told of its own limits, as far as this host enforces them: a desk sees no cgroup.
std::vector<std::string> told_limits(const wire::Limits& limits, const HostFacts& facts);

}  // namespace carrel::jail::plan
