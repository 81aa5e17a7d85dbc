// Where a point of a frame is drawn, however the frame is turned, mirrored, scaled or tilted. Pure.
#pragma once

#include <array>
#include <optional>

namespace carrel::desk::page {

/// Of the viewport, or of a frame, in CSS pixels.
struct PagePoint {
    double x = 0;
    double y = 0;
};

/// What became of the upper left, upper right, lower right and lower left corner of a rectangle.
using Quad = std::array<PagePoint, 4>;

/// Where the point lies that is `right` and `down` from the upper left corner, both as parts of the sides.
/// Nothing when the quad has no area: it is seen edge-on.
std::optional<PagePoint> map_to_quad(const Quad& quad, double right, double down);

}  // namespace carrel::desk::page
