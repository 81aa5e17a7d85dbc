// The tool server of a desk: every operation over HTTP, on the endpoint that init holds.
#pragma once

namespace carrel::desk {

/// Serves until the process is ended; 1 when it cannot begin. Needs init's environment (CARREL_DESK_ID,
/// CARREL_NONCE, DISPLAY) and descriptors (init.hpp).
int run_serve();

}  // namespace carrel::desk
