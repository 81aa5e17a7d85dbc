// How the pixels of the picture that a model sees map to those of the screen. Pure.
#pragma once

#include <optional>

#include "agent/interfaces.hpp"

namespace carrel::agent {

/// `inner` scaled, up or down, so that it just fits into `box`, with its aspect ratio.
Size fit_inside(Size inner, Size box);

/// A pixel, of the screen or of the picture.
struct Pixel {
    int x = 0;
    int y = 0;
    bool operator==(const Pixel&) const = default;
};

/// Between the screen and the picture of it that the model sees.
struct ScreenMap {
    Size screen;
    Size picture;

    /// Nothing when `seen` lies outside of the picture.
    std::optional<Pixel> to_screen(Pixel seen) const;
    Pixel to_picture(Pixel shown) const;
    /// A corner of a rectangle, which may lie on the far edge.
    std::optional<Pixel> corner_to_screen(Pixel seen) const;
};

}  // namespace carrel::agent
