#include "desk/picture/picture.hpp"

#include <array>

namespace carrel::desk::picture {

namespace {

constexpr std::array<int, 3> channels{0, 8, 16};

std::uint32_t over(std::uint32_t below, std::uint32_t above) {
    const std::uint32_t rest = 255 - (above >> 24);
    std::uint32_t result = 0;
    for (const int shift : channels) {
        const auto sum = ((above >> shift) & 0xff) + (((below >> shift) & 0xff) * rest + 127) / 255;
        result |= std::min<std::uint32_t>(sum, 255) << shift;
    }
    return result;
}

}  // namespace

void draw_cursor(std::span<std::uint32_t> pixels, Size size, const Cursor& cursor) {
    for (int row = 0; row < cursor.size.height; ++row) {
        const int y = cursor.y + row;
        if (y < 0 || y >= size.height) continue;
        for (int column = 0; column < cursor.size.width; ++column) {
            const int x = cursor.x + column;
            if (x < 0 || x >= size.width) continue;
            const auto above = cursor.argb[static_cast<std::size_t>(row) * cursor.size.width + column];
            auto& below = pixels[static_cast<std::size_t>(y) * size.width + x];
            if (above >> 24) below = over(below, above);
        }
    }
}

}  // namespace carrel::desk::picture
