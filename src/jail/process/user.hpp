// Who a desk's processes are: ranges of ids, and the loss of every privilege.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace carrel::jail::process {

/// Uids and gids 0… of a user namespace are first… of the host.
struct MapIds {
    std::uint32_t first;
    std::uint32_t count;
};
struct BecomeUser {
    uid_t uid;
    gid_t gid;
};
struct ResourceLimit {
    std::string name;
    int resource;  ///< RLIMIT_…
    std::uint64_t most;
};

/// Writes the id maps of a new user namespace; `process` is its first.
void map_ids(const MapIds& step, pid_t process);

/// Inside: uid and gid 0 of the namespace, with all its capabilities.
void become_root();
/// Empties the bounding, ambient and inheritable sets and locks the doors by which capabilities
/// come back. What is effective goes with become_user.
void drop_capabilities();
/// The agent: no groups but its own, no capability.
void become_user(const BecomeUser& step);
void set_limit(const ResourceLimit& step);

}  // namespace carrel::jail::process
