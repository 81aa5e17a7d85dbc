// The process of `carrel-jail dns`, as the jail sees it: started, replaced, ended.
#pragma once

#include "jail/dns.hpp"

namespace carrel::jail {

/// Starts one unless one runs; an older program's is replaced. `file`: the network's, open.
/// Throws unavailable with the reason when names cannot be answered.
void ensure_dns(int file, const DnsOptions& options);
/// Ends it and waits for its end; none is no error.
void end_dns(int file);

/// For the process itself: says on `file` that it is the one. Throws conflict when there is one.
void take_dns_lock(int file);

}  // namespace carrel::jail
