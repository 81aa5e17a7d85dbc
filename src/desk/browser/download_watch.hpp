// Keeps a connection to whatever browser runs, so that its downloads are heard of whoever began them: a
// person at the viewer, the desk's mouse, a browser that was opened from the panel.
#pragma once

#include "desk/cdp/cdp.hpp"
#include "desk/desktop/desktop.hpp"

namespace carrel::desk::browser {

using async::Task;

/// For a connection that nobody calls by and that must not end for that.
cdp::CdpLimits listening_limits();

/// Connects `cdp`, which is for nothing else, each time a browser has a window, and waits for its end.
/// Without a browser it waits for windows. To be started once; both must outlive it.
Task<> watch_downloads(desktop::Display& display, cdp::Cdp& cdp);

}  // namespace carrel::desk::browser
