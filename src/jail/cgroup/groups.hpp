// Control groups of desks: where their limits are written, their processes counted, frozen and killed.
//
// Everything is made below the group that the jail itself is in, so that a delegated subtree (or a
// container) is respected. On a hybrid host v1 limits and v2 freezes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "jail/cgroup/hierarchies.hpp"
#include "jail/wire/group_watch.hpp"

namespace carrel::jail::cgroup {

/// The hierarchies of this host, each with `name` as the folder below which desks get their groups;
/// v2 controllers are enabled for it. What could not be done is added to `warnings`.
std::vector<Hierarchy> open_hierarchies(const std::string& name, std::vector<std::string>& warnings);
/// Removes the folders of open_hierarchies that are empty.
void close_hierarchies(const std::vector<Hierarchy>& hierarchies);

/// Makes a group's folder, and its parent if somebody removed that.
void make_group(const std::string& folder);
/// Removes the desk's groups. False while one still holds processes (or is not yet rid of them).
bool remove_groups(const std::vector<Hierarchy>& hierarchies, const std::string& id);
/// Kills every process in the desk's groups, frozen ones too: for a desk whose first process is not
/// known. Processes that are just being made may escape: until remove_groups succeeds, call it again.
void kill_groups(const std::vector<Hierarchy>& hierarchies, const std::string& id);
/// Ids of the desks that have a group.
std::vector<std::string> list_groups(const std::vector<Hierarchy>& hierarchies);

/// Stops (or lets go on) every process of a desk; returns when the kernel says they all are.
/// Throws unavailable when this host cannot freeze, timeout when it did not happen in a second.
void set_frozen(const std::vector<Hierarchy>& hierarchies, const std::string& id, bool frozen);

/// A limit of a desk, watched.
struct WatchedGroup {
    wire::GroupWatch how = wire::GroupWatch::none;
    core::Fd fd;
};
/// Kills for lack of memory: eventfd on v1, on v2 events with the key "oom_kill".
WatchedGroup watch_memory(const std::vector<Hierarchy>& hierarchies, const std::string& id);
/// Processes that could not be made, for the limit's sake: key "max". On v1 a counter, since Linux 6.10
/// and later wake nobody there (kernel/cgroup/pids.c wakes the readers of a file that only v2 has).
WatchedGroup watch_processes(const std::vector<Hierarchy>& hierarchies, const std::string& id);

/// How many processes of the desk the kernel killed for memory; 0 when it is not known.
std::uint64_t count_memory_kills(const std::vector<Hierarchy>& hierarchies, const std::string& id);

/// Has the desk give back what it holds beyond `most` bytes and can do without, as files that are on disk
/// too. Throws conflict when it still holds more: with that limit the kernel would kill its programs (v2), or
/// refuse the limit (v1).
void make_memory_room(const std::vector<Hierarchy>& hierarchies, const std::string& id, std::uint64_t most);

struct GroupUsage {
    std::optional<std::uint64_t> memory;  ///< bytes
    std::optional<std::uint64_t> processes;
    std::optional<std::chrono::microseconds> processor_time;
};
GroupUsage read_usage(const std::vector<Hierarchy>& hierarchies, const std::string& id);

}  // namespace carrel::jail::cgroup
