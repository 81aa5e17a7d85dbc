#include "agent/picture.hpp"

#include <algorithm>
#include <cmath>

namespace carrel::agent {

namespace {

int scaled(int value, int to, int from) {
    return static_cast<int>(std::lround(static_cast<double>(value) * to / from));
}

}  // namespace

Size fit_inside(Size inner, Size box) {
    if (static_cast<std::int64_t>(inner.width) * box.height >=
        static_cast<std::int64_t>(box.width) * inner.height)
        return {box.width, std::max(1, scaled(inner.height, box.width, inner.width))};
    return {std::max(1, scaled(inner.width, box.height, inner.height)), box.height};
}

std::optional<Pixel> ScreenMap::to_screen(Pixel seen) const {
    if (seen.x < 0 || seen.y < 0 || seen.x >= picture.width || seen.y >= picture.height) return std::nullopt;
    // Of a screen smaller than its picture the last pixels are rounded up to beyond it.
    return Pixel{std::min(scaled(seen.x, screen.width, picture.width), screen.width - 1),
                 std::min(scaled(seen.y, screen.height, picture.height), screen.height - 1)};
}

std::optional<Pixel> ScreenMap::corner_to_screen(Pixel seen) const {
    if (seen.x < 0 || seen.y < 0 || seen.x > picture.width || seen.y > picture.height) return std::nullopt;
    return Pixel{scaled(seen.x, screen.width, picture.width), scaled(seen.y, screen.height, picture.height)};
}

Pixel ScreenMap::to_picture(Pixel shown) const {
    return {std::clamp(scaled(shown.x, picture.width, screen.width), 0, picture.width - 1),
            std::clamp(scaled(shown.y, picture.height, screen.height), 0, picture.height - 1)};
}

}  // namespace carrel::agent
