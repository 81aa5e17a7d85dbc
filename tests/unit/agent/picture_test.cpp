#include "agent/picture.hpp"

#include <doctest/doctest.h>

using namespace carrel::agent;

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

TEST_CASE("the last pixels of a picture that is larger than its screen are still on the screen") {
    const ScreenMap map{{640, 400}, {1280, 800}};
    CHECK(map.to_screen({1279, 799}) == Pixel{639, 399});
    CHECK(map.corner_to_screen({1280, 800}) == Pixel{640, 400});
}

TEST_CASE("a region keeps its shape in the box it is put into") {
    CHECK(fit_inside({200, 100}, {1280, 800}) == Size{1280, 640});
    CHECK(fit_inside({100, 200}, {1280, 800}) == Size{400, 800});
    CHECK(fit_inside({2560, 1600}, {1280, 800}) == Size{1280, 800});
    CHECK(fit_inside({1, 10'000}, {1280, 800}) == Size{1, 800});
}
