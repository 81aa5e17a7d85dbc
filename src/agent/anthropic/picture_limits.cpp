#include "agent/anthropic/picture_limits.hpp"

#include <algorithm>
#include <cmath>

namespace carrel::agent::anthropic {

namespace {

constexpr int tile = 28;

int tiles_along(int pixels) { return (pixels + tile - 1) / tile; }

bool is_allowed(Size size, PictureLimits limits) {
    return std::max(size.width, size.height) <= limits.edge &&
           tiles_along(size.width) * tiles_along(size.height) <= limits.tiles;
}

Size with_width(Size screen, int width) {
    return {width, std::max(1, static_cast<int>(
                                   std::lround(static_cast<double>(screen.height) * width / screen.width)))};
}

}  // namespace

Size fit_image(Size screen, PictureLimits limits) {
    // Both limits only tighten as the width grows, so the first size that fits is the largest.
    for (int width = std::min(screen.width, limits.edge); width > 1; --width)
        if (const auto size = width == screen.width ? screen : with_width(screen, width);
            is_allowed(size, limits))
            return size;
    return {1, 1};
}

}  // namespace carrel::agent::anthropic
