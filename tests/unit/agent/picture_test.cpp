#include "agent/picture.hpp"

#include <doctest/doctest.h>

using namespace carrel::agent;

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

TEST_CASE("pixels map both ways, and a pixel outside of the picture maps to nothing") {
    const ScreenMap map{{1920, 1080}, {1456, 819}};
    CHECK(map.to_screen({0, 0}) == Pixel{0, 0});
    CHECK(map.to_screen({728, 410}) == Pixel{960, 541});
    CHECK(map.to_screen({1455, 818}) == Pixel{1919, 1079});
    for (const auto outside : {Pixel{1456, 0}, Pixel{0, 819}, Pixel{-1, 0}, Pixel{0, -1}, Pixel{1900, 10}})
        CHECK_FALSE(map.to_screen(outside));
    CHECK(map.corner_to_screen({1456, 819}) == Pixel{1920, 1080});
    CHECK_FALSE(map.corner_to_screen({1457, 819}));
    CHECK(map.to_picture({960, 540}) == Pixel{728, 410});
    CHECK(map.to_picture({1919, 1079}) == Pixel{1455, 818});
}

TEST_CASE("a region keeps its shape in the box it is put into") {
    CHECK(fit_inside({200, 100}, {1280, 800}) == Size{1280, 640});
    CHECK(fit_inside({100, 200}, {1280, 800}) == Size{400, 800});
    CHECK(fit_inside({2560, 1600}, {1280, 800}) == Size{1280, 800});
    CHECK(fit_inside({1, 10'000}, {1280, 800}) == Size{1, 800});
}
