// How large a picture Claude takes. Pure.
#pragma once

#include "agent/interfaces.hpp"

namespace carrel::agent::anthropic {

/// What the vendor allows for one picture.
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

}  // namespace carrel::agent::anthropic
