// Operations of the screen: their requests and rows.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> screen_rows();

/// How a picture is made.
struct PictureOptions {
    std::string format = "png";   ///< or "jpeg"
    int quality = 85;             ///< of a JPEG
    std::optional<double> scale;  ///< pixels of the picture for one of the screen
    std::optional<int> width;     ///< pixels; the other side follows when only one is given
    std::optional<int> height;
};

struct Screenshot : PictureOptions {};
const json::Shape<Screenshot>& screenshot_shape();

/// The rectangle from x0,y0 up to but without x1,y1.
struct RegionScreenshot : PictureOptions {
    int x0 = 0;
    int y0 = 0;
    int x1 = 0;
    int y1 = 0;
};
const json::Shape<RegionScreenshot>& region_screenshot_shape();

}  // namespace carrel::ops
