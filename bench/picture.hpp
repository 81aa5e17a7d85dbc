// Looks into the PNGs that a desk answers, to know that they show something.
#pragma once

#include <string_view>

namespace carrel::bench {

/// Whether every pixel is the same. For PNGs as desks make them: 8 bits, rows without a filter. Throws
/// core::Error for anything else.
bool has_one_colour(std::string_view png);

}  // namespace carrel::bench
