#include "desk/screen/backdrop.hpp"

#include <array>
#include <vector>

namespace carrel::desk::screen {

namespace {

constexpr std::array<int, 3> top{0x3b, 0x55, 0x78};
constexpr std::array<int, 3> bottom{0x1d, 0x2a, 0x40};
/// Of the pixmap that the X server repeats. It copies row by row and tile by tile: with one pixel, painting
/// 1024×768 of them takes it 27 ms, with 64 it takes 0.3, for 4 bytes a pixel.
constexpr std::uint16_t tile_width = 64;

std::uint32_t colour_at(int y, int height) {
    std::uint32_t colour = 0;
    for (std::size_t i = 0; i < top.size(); ++i)
        colour = colour << 8 | static_cast<std::uint32_t>(top[i] + (bottom[i] - top[i]) * y / height);
    return colour;
}

}  // namespace

void paint_backdrop(x11::Connection& connection, picture::Size screen) {
    auto* raw = connection.raw();
    std::vector<std::uint32_t> column;
    column.reserve(static_cast<std::size_t>(screen.height));
    for (int y = 0; y < screen.height; ++y) column.push_back(colour_at(y, screen.height));
    const auto height = static_cast<std::uint16_t>(screen.height);
    const auto depth = connection.screen().root_depth;
    const auto pixmap = xcb_generate_id(raw);
    const auto context = xcb_generate_id(raw);
    xcb_create_pixmap(raw, depth, pixmap, connection.root(), tile_width, height);
    const std::uint32_t no_exposures = 0;
    xcb_create_gc(raw, context, pixmap, XCB_GC_GRAPHICS_EXPOSURES, &no_exposures);
    xcb_put_image(raw, XCB_IMAGE_FORMAT_Z_PIXMAP, pixmap, context, 1, height, 0, 0, 0, depth,
                  static_cast<std::uint32_t>(column.size() * sizeof column[0]),
                  reinterpret_cast<const std::uint8_t*>(column.data()));
    for (std::uint16_t done = 1; done < tile_width; done = static_cast<std::uint16_t>(done * 2))
        xcb_copy_area(raw, pixmap, pixmap, context, 0, 0, static_cast<std::int16_t>(done), 0, done, height);
    xcb_change_window_attributes(raw, connection.root(), XCB_CW_BACK_PIXMAP, &pixmap);
    xcb_clear_area(raw, 0, connection.root(), 0, 0, 0, 0);
    xcb_free_gc(raw, context);
    xcb_free_pixmap(raw, pixmap);
}

}  // namespace carrel::desk::screen
