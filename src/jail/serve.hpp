// `carrel-jail serve`: one thread, one loop, requests in and answers out.
//
// The answer to start and adopt carries descriptors: first the pidfd of the desk's first process, then what
// tells of memory kills and of the limit of processes, when the fields memory_watch and process_watch are not
// "none" (see wire::GroupWatch).
// When the socket ends, so does the jail; desks live on.
#pragma once

#include "jail/host/host.hpp"

namespace carrel::jail {

struct ServeOptions {
    int socket = -1;  ///< SOCK_SEQPACKET, connected; not close-on-exec when we were started
    host::Options host;
};

/// Answers requests until the other end closes. Throws when the host cannot have desks at all.
void serve(const ServeOptions& options);

}  // namespace carrel::jail
