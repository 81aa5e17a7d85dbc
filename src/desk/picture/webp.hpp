// Pixels to WebP. Pure, slow (tens of milliseconds): runs on the pool.
#pragma once

#include <string>

#include "desk/picture/picture.hpp"

namespace carrel::desk::picture {

/// The longest side of a WebP.
constexpr int largest_webp_side = 16383;

/// `quality` is 1 to 100 and counts unless it is to be lossless. Throws Error{internal}.
std::string to_webp(Pixels pixels, int quality, bool is_lossless);

}  // namespace carrel::desk::picture
