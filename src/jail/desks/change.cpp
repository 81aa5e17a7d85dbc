#include "jail/desks/change.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"
#include "core/sys.hpp"
#include "jail/cgroup/groups.hpp"
#include "jail/plan/bounds.hpp"

namespace carrel::jail::desks {

namespace {

void try_to_write(const std::string& file, std::string_view value) {
    try {
        core::write_existing(file, value);
    } catch (const core::Error& error) {
        core::log_debug("{}", error.message());
    }
}

/// Two of a group's numbers bound each other, and may go up or down: what stands between the old and the new
/// is moved out of the way. On v1 memory with swap is never below memory; a burst is never above the quota.
void make_way(const cgroup::Hierarchy& tree, const std::string& group, const wire::Limits& limits) {
    if (tree.memory && !tree.is_v2)
        try_to_write(group + "/memory.memsw.limit_in_bytes", fmt::to_string(limits.memory));
    if (tree.cpu) try_to_write(group + (tree.is_v2 ? "/cpu.max.burst" : "/cpu.cfs_burst_us"), "0");
}

}  // namespace

std::vector<std::string> change_limits(const std::vector<cgroup::Hierarchy>& hierarchies,
                                       const std::string& id, const wire::Limits& limits,
                                       const plan::HostFacts& facts) {
    cgroup::make_memory_room(hierarchies, id, limits.memory);
    std::vector<std::string> warnings;
    for (const auto& tree : hierarchies) {
        const auto group = tree.folder + "/" + id;
        make_way(tree, group, limits);
        for (const auto& [file, value, without] : plan::group_settings(tree, group, limits, facts)) {
            try {
                core::write_existing(file, value);
            } catch (const core::Error& error) {
                if (!without.empty()) warnings.push_back(fmt::format("{}: {}", without, error.message()));
            }
        }
    }
    if (std::ranges::none_of(hierarchies, &cgroup::Hierarchy::processes))
        warnings.emplace_back(
            "the limit of processes stays as it was: without a pids cgroup it cannot change while a desk "
            "runs");
    return warnings;
}

}  // namespace carrel::jail::desks
