// The process of `carrel-jail dns`, as the jail sees it: started, replaced, ended.
#pragma once

#include "jail/dns/resolver.hpp"

namespace carrel::jail::dns {

/// Starts one unless one runs; an older program's is replaced. `file`: the network's, open.
/// Throws unavailable with the reason when names cannot be answered.
void ensure_process(int file, const Options& options);
/// Ends it and waits for its end; none is no error.
void end_process(int file);

/// For the process itself: says on `file` that it is the one. Throws conflict when there is one.
void take_lock(int file);

}  // namespace carrel::jail::dns
