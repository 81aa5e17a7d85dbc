// Pixels to PNG and JPEG. Pure, slow (milliseconds): runs on the pool.
#pragma once

#include <string>

#include "desk/picture.hpp"

namespace carrel::desk {

/// PNG (ISO/IEC 15948), without filters, which is both smaller and faster for screens: with a palette
/// when there are at most 256 colours, else as RGB.
std::string to_png(Pixels pixels);

/// JPEG with 4:2:0 chroma below quality 90, 4:4:4 from there.
std::string to_jpeg(Pixels pixels, int quality);

}  // namespace carrel::desk
