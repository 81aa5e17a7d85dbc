#include "desk/page/quad.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace carrel::desk::page;

namespace {

void check_at(const Quad& quad, double right, double down, PagePoint where) {
    const auto found = map_to_quad(quad, right, down);
    REQUIRE(found);
    CHECK(found->x == doctest::Approx(where.x));
    CHECK(found->y == doctest::Approx(where.y));
}

}  // namespace

TEST_CASE("a point of a frame is drawn where the frame's corners say") {
    const Quad plain{{{10, 20}, {110, 20}, {110, 70}, {10, 70}}};
    check_at(plain, 0, 0, {10, 20});
    check_at(plain, 0.25, 0.5, {35, 45});
    const Quad mirrored{{{110, 20}, {10, 20}, {10, 70}, {110, 70}}};
    check_at(mirrored, 0.25, 0.5, {85, 45});
    const Quad turned{{{100, 0}, {100, 200}, {0, 200}, {0, 0}}};  // by 90 degrees
    check_at(turned, 0.25, 0.1, {90, 50});
    const Quad uneven{{{0, 0}, {300, 0}, {300, 10}, {0, 10}}};
    check_at(uneven, 0.5, 0.5, {150, 5});
    const Quad skewed{{{0, 0}, {100, 0}, {150, 50}, {50, 50}}};
    check_at(skewed, 0.5, 0.5, {75, 25});
}

TEST_CASE("of a frame that is tilted away what is far is small") {
    // The middle of its plane is where the diagonals cross.
    const Quad tilted{{{40, 0}, {60, 0}, {100, 100}, {0, 100}}};
    for (int corner = 0; corner < 4; ++corner)
        check_at(tilted, corner == 1 || corner == 2, corner >= 2, tilted[static_cast<std::size_t>(corner)]);
    check_at(tilted, 0.5, 0.5, {50, 50.0 / 3});
}

TEST_CASE("what is seen edge-on, or is no quad, has no point") {
    CHECK(!map_to_quad({{{0, 0}, {100, 0}, {100, 0}, {0, 0}}}, 0.5, 0.5));
    CHECK(!map_to_quad({}, 0.5, 0.5));
    const double no_number = std::numeric_limits<double>::quiet_NaN();
    CHECK(!map_to_quad({{{no_number, 0}, {1, 0}, {1, 1}, {0, 1}}}, 0.5, 0.5));
}
