// Takes what the kernel counts, as much of it as there is, for tests of limits.
#pragma once

#include <string>
#include <string_view>

namespace carrel::test {

/// "COUNT ERRNO" of how many of `what` this process got, and why it got no more ("enough": it wanted no more
/// than `most`); "0 unknown" when nothing is called so. They are held until the process ends.
std::string hold(std::string_view what, int most = 1 << 20);

}  // namespace carrel::test
