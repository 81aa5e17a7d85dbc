// Pictures of the screen as pixels: pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/error.hpp"

namespace carrel::desk::picture {

struct Size {
    int width = 0;  ///< pixels
    int height = 0;
    bool operator==(const Size&) const = default;
};

/// A rectangle of the screen; x1 and y1 are just outside of it.
struct Region {
    int x0 = 0;
    int y0 = 0;
    int x1 = 0;
    int y1 = 0;
    Size size() const { return {x1 - x0, y1 - y0}; }
    bool operator==(const Region&) const = default;
};

/// Somebody else's pixels, as X keeps them at depth 24: blue, green, red, one unused byte.
struct Pixels {
    const std::uint32_t* first = nullptr;
    int stride = 0;  ///< pixels from one row to the next
    Size size;

    const std::uint32_t* row(int y) const { return first + std::ptrdiff_t{y} * stride; }
    Pixels part(Region region) const { return {row(region.y0) + region.x0, stride, region.size()}; }
};

/// Pictures are compared and compressed in bands of so many rows; the last one may have fewer.
constexpr int band_height = 32;
inline std::size_t count_bands(Size size) {
    return static_cast<std::size_t>((size.height + band_height - 1) / band_height);
}
/// The place of band `index`.
inline Region band_of(Size size, std::size_t index) {
    const int top = static_cast<int>(index) * band_height;
    return {0, top, size.width, std::min(top + band_height, size.height)};
}

/// Pixels of its own.
struct Image {
    std::vector<std::uint32_t> data;
    Size size;
    Pixels pixels() const { return {data.data(), size.width, size}; }
};

/// A pointer's shape: premultiplied ARGB, as XFixes gives it, with its upper left corner on the screen.
struct Cursor {
    int x = 0;
    int y = 0;
    Size size;
    std::vector<std::uint32_t> argb;
    bool operator==(const Cursor&) const = default;
};

/// Draws the cursor over `pixels` (of `size`, rows without gaps), clipped to it.
void draw_cursor(std::span<std::uint32_t> pixels, Size size, const Cursor& cursor);

}  // namespace carrel::desk::picture
