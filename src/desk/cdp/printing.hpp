// Which tabs a print dialog holds up: nothing of the protocol names them.
//
// A page that waits in a script (for a print dialog, an alert) answers what it is asked and keeps no promise
// until the script goes on. The tabs of its process that know each other wait with it.
#pragma once

#include <string>
#include <vector>

#include "desk/cdp/cdp.hpp"

namespace carrel::desk::cdp {

/// Of these tabs those whose page, or a frame in it, waits so; in the same order. Looks at all of them at the
/// same time, by attachments of its own; one that is busy for longer than `limit` is none of them.
Task<std::vector<std::string>> find_waiting_tabs(Cdp& cdp, std::vector<std::string> tabs,
                                                 async::Duration limit);

}  // namespace carrel::desk::cdp
