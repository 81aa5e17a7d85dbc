#include "agent/anthropic/picture_limits.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace carrel::agent;
using namespace carrel::agent::anthropic;

namespace {

struct Vector {
    Size screen;
    Size standard;
    Size large;
};

// Published by the vendor; see its page on coordinate scaling.
constexpr Vector vectors[] = {
    {{1024, 768}, {1024, 768}, {1024, 768}},   {{1280, 800}, {1280, 800}, {1280, 800}},
    {{1280, 720}, {1280, 720}, {1280, 720}},   {{1440, 900}, {1389, 868}, {1440, 900}},
    {{1920, 1080}, {1456, 819}, {1920, 1080}}, {{2560, 1440}, {1456, 819}, {2560, 1440}},
    {{3840, 2160}, {1456, 819}, {2576, 1449}},
};

}  // namespace

TEST_CASE("a screen is fitted as the vendor fits it") {
    for (const auto& [screen, standard, large] : vectors) {
        CAPTURE(screen.width);
        CHECK(fit_image(screen, standard_pictures) == standard);
        CHECK(fit_image(screen, large_pictures) == large);
    }
}

TEST_CASE("whatever the screen, the picture is within both limits and not larger than it") {
    for (int width = 1; width < 6000; width += 397)
        for (int height = 1; height < 6000; height += 331) {
            const auto size = fit_image({width, height}, standard_pictures);
            CHECK(size.width >= 1);
            CHECK(size.height >= 1);
            CHECK(std::max(size.width, size.height) <= std::max(1568, 1));
            CHECK(((size.width + 27) / 28) * ((size.height + 27) / 28) <= 1568);
            CHECK(size.width <= width);
            CHECK(size.height <= height);
        }
}
