// What the plan must know about this host and this server: gathered once, when the jail starts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "jail/cgroup/hierarchies.hpp"
#include "jail/network/cable.hpp"

namespace carrel::jail::plan {

struct HostFacts {
    std::string data;        ///< the data directory, absolute
    std::uint32_t uid_base;  ///< first host uid of slot 0
    uid_t carrel_uid;        ///< who may connect to endpoints
    gid_t carrel_gid;
    std::string desk_hash;  ///< bin/<hash>/carrel-desk is what new desks run
    std::vector<cgroup::Hierarchy> hierarchies;
    /// fsconfig takes overlay layers as descriptors (Linux 6.13); else they are named by paths.
    bool overlay_by_descriptor;
    /// clone3 makes a process inside a v2 group (Linux 5.7); else it is moved there.
    bool clone_into_cgroup;
    bool has_internet = true;  ///< whether desks can have Network::internet
    network::Facts network;    ///< as it was before the latest start
};

/// Whether this kernel does. Each is found by trying, so a kernel (or a filter around us) that
/// refuses is believed, whatever its version says.
bool has_overlay_by_descriptor();
bool has_clone3();

}  // namespace carrel::jail::plan
