// Which trees of control groups a host has, as text of the kernel tells it: cgroup v1, v2 and both at once
// (hybrid). Pure. kernel: admin-guide/cgroup-v1, admin-guide/cgroup-v2.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::jail::cgroup {

/// One tree of groups that desks get a group in.
struct Hierarchy {
    std::string folder;  ///< desks' groups are its children
    bool is_v2 = false;
    bool memory = false;
    bool cpu = false;
    bool processes = false;
    bool freezer = false;

    bool operator==(const Hierarchy&) const = default;
};

/// Which trees this host has, from /proc/self/cgroup and /proc/self/mountinfo. `v2_controllers` is
/// the text of the v2 tree's cgroup.controllers ("" when there is no such tree). Folders are those
/// of the caller's own groups. A v1 freezer is left out where v2 can freeze. Pure.
std::vector<Hierarchy> find_hierarchies(std::string_view own_groups, std::string_view mounts,
                                        std::string_view v2_controllers);
/// The folder of the caller's own group in the v2 tree, or nothing. Pure.
std::optional<std::string> find_v2_folder(std::string_view own_groups, std::string_view mounts);

/// What desks lack with these trees, a sentence each. Pure.
std::vector<std::string> missing_groups(const std::vector<Hierarchy>& hierarchies);
/// As one line, for identity.json: "2f:/sys/fs/cgroup/unified/carrel 1m:/sys/…". Pure.
std::string format_hierarchies(const std::vector<Hierarchy>& hierarchies);
/// Parts that are not understood are left out. Pure.
std::vector<Hierarchy> parse_hierarchies(std::string_view text);

}  // namespace carrel::jail::cgroup
