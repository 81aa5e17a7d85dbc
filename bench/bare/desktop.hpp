// The floor of making a desk: the same display and window manager, started by hand in bare namespaces.
#pragma once

#include <string>

#include "bench/client/samples.hpp"

namespace carrel::bench {

struct BareLife {
    Milliseconds start;  ///< until the window manager has announced itself and the screen's pixels are here
    Milliseconds end;    ///< from then until every process of it is dead
};

/// `image_root`: the root file system of the desktop image. No user namespace, overlay, cgroup, filter or
/// tool server: no desk can be faster. Throws core::Error.
BareLife live_by_hand(const std::string& image_root);

}  // namespace carrel::bench
