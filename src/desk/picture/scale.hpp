// Pictures of another size. Pure.
#pragma once

#include "desk/picture/picture.hpp"

namespace carrel::desk::picture {

/// Larger or smaller: means over the area that each new pixel covers when it shrinks, linear
/// interpolation when it grows.
Image scale(Pixels from, Size to);

}  // namespace carrel::desk::picture
