// What the plan must know about this host and this server: gathered once, when the jail starts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "jail/cgroup/hierarchies.hpp"
#include "jail/network/cable.hpp"
#include "jail/wire/image.hpp"

namespace carrel::jail::plan {

struct HostFacts {
    std::string data;  ///< the data directory, absolute
    uid_t carrel_uid;  ///< who may connect to endpoints
    gid_t carrel_gid;
    std::string desk_hash;  ///< bin/<hash>/carrel-desk is what new desks run
    std::vector<cgroup::Hierarchy> hierarchies;
    /// fsconfig takes overlay layers as descriptors (Linux 6.13); else they are named by paths.
    bool overlay_by_descriptor;
    /// clone3 makes a process inside a v2 group (Linux 5.7); else it is moved there.
    bool clone_into_cgroup;
    /// A desk can have a file system of its own for what it writes (jail/disks).
    bool own_disks = false;
    std::uint64_t workspace_disk = 0;  ///< bytes that fit into a new workspace; 0: as many as fit on the host
    std::uint32_t most_workspaces = 0;  ///< of one principal; 0: any number
    bool own_devices = false;           ///< a desk can have device nodes of its own, see host::make_nodes
    unsigned processors = 1;
    bool has_swap = false;
    /// Descriptors of one process (RLIMIT_NOFILE). The host's table of open files has room for this many of
    /// every process of every desk, or this is few.
    std::uint64_t most_files = 1024;
    bool has_internet = true;     ///< whether desks can have Network::internet
    network::Facts network;       ///< as it was before the latest start
    std::uint32_t first_id = 0;   ///< the host's uid that is 0 in the desk which starts next
    wire::ImageFacts image = {};  ///< of that desk's image
    bool has_kept_disk = false;   ///< what was kept for it is a disk of its own
};

/// Whether this kernel does. Each is found by trying, so a kernel (or a filter around us) that
/// refuses is believed, whatever its version says.
bool has_overlay_by_descriptor();
bool has_clone3();

}  // namespace carrel::jail::plan
