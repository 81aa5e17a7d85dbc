// `carrel-jail serve`: one thread, one loop, requests in and answers out.
//
// The answer to start and adopt carries descriptors: first the pidfd of the desk's first process, then what
// tells of memory kills, of the limit of processes, of a full disk and of a full workspace, when the fields
// memory_watch, process_watch, disk_watch and workspace_watch are not "none" (see wire::GroupWatch).
// When the socket ends, so does the jail; desks live on.
#pragma once

#include "jail/host/host.hpp"

namespace carrel::jail {

struct ServeOptions {
    int socket = -1;  ///< SOCK_SEQPACKET, connected; not close-on-exec when we were started
    host::Options host;
    std::uint64_t workspace_disk = 0;   ///< see plan::HostFacts
    std::uint32_t most_workspaces = 0;  ///< the same
};

/// Answers requests until the other end closes. Throws when the host cannot have desks at all.
void serve(const ServeOptions& options);

}  // namespace carrel::jail
