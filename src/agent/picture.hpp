// How large a picture a model takes, and how its pixels map to those of the screen. Pure.
#pragma once

#include <optional>

#include "agent/interfaces.hpp"

namespace carrel::agent {

/// What a vendor allows for one picture.
struct PictureLimits {
    int edge = 0;   ///< longest side, pixels
    int tiles = 0;  ///< of 28×28 pixels, also those that are only partly covered
};

/// Claude up to 4.6.
constexpr PictureLimits standard_pictures{1568, 1568};
/// Claude 4.7, 5 and later.
constexpr PictureLimits large_pictures{2576, 4784};

/// The largest size with the aspect ratio of `screen` that both limits allow; never larger than it.
Size fit_image(Size screen, PictureLimits limits);

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
