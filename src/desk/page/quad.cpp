#include "desk/page/quad.hpp"

#include <cmath>

namespace carrel::desk::page {

namespace {

/// Of the parallelogram of two sides: below this it cannot be hit.
constexpr double least_area = 1e-6;

}  // namespace

// The one projective map that takes the unit square's corners to the quad's: P. Heckbert, "Fundamentals of
// Texture Mapping and Image Warping" (1989), 2.2.3.
std::optional<PagePoint> map_to_quad(const Quad& quad, double right, double down) {
    const auto [a, b, c, d] = quad;
    const PagePoint bend{a.x - b.x + c.x - d.x, a.y - b.y + c.y - d.y};
    const PagePoint from_b{b.x - c.x, b.y - c.y};
    const PagePoint from_d{d.x - c.x, d.y - c.y};
    const double area = from_b.x * from_d.y - from_d.x * from_b.y;
    if (!(std::abs(area) > least_area)) return std::nullopt;
    const double g = (bend.x * from_d.y - from_d.x * bend.y) / area;
    const double h = (from_b.x * bend.y - bend.x * from_b.y) / area;
    const double depth = 1 + g * right + h * down;
    if (!(depth > least_area)) return std::nullopt;
    return PagePoint{(a.x + (b.x - a.x + g * b.x) * right + (d.x - a.x + h * d.x) * down) / depth,
                     (a.y + (b.y - a.y + g * b.y) * right + (d.y - a.y + h * d.y) * down) / depth};
}

}  // namespace carrel::desk::page
