// `carrel-jail serve`: one thread, one loop, requests in and answers out.
//
// The answer to start and adopt carries descriptors: first the pidfd of the desk's first process, then what
// tells of memory kills and of the limit of processes, when the fields memory_watch and process_watch are not
// "none" (see GroupWatch).
// When the socket ends, so does the jail; desks live on.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "jail/plan/facts.hpp"
#include "jail/seccomp.hpp"

namespace carrel::jail {

struct ServeOptions {
    int socket = -1;  ///< SOCK_SEQPACKET, connected; not close-on-exec when we were started
    std::string data;
    std::uint32_t uid_base = 2'000'000'000;
    uid_t carrel_uid = 0;
    gid_t carrel_gid = 0;
    std::string desk_binary;  ///< "" means carrel-desk beside this program
};

/// Answers requests until the other end closes. Throws when the host cannot have desks at all.
void serve(const ServeOptions& options);

}  // namespace carrel::jail
