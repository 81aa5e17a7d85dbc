#include "desk/picture/picture.hpp"

#include <doctest/doctest.h>

#include "desk/picture/scale.hpp"
#include "desk/picture/shot.hpp"
#include "rest/requests.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::picture;

namespace {

constexpr Size screen{1280, 800};

/// The field that a region is refused for; empty: it is not.
std::string refused_field(int x0, int y0, int x1, int y1) {
    ops::RegionScreenshot wish;
    wish.x0 = x0;
    wish.y0 = y0;
    wish.x1 = x1;
    wish.y1 = y1;
    try {
        plan_shot(screen, wish);
    } catch (const rest::Unprocessable& wrong) {
        return std::string{wrong.detail("body")[0].at("loc").at(1).as_string()};
    }
    return {};
}

}  // namespace

TEST_CASE("a picture takes the size that is wished, and keeps its shape when one side is given") {
    ops::PictureOptions options;
    CHECK(plan_shot(screen, options).size == Size{1280, 800});
    options.scale = 0.5;
    CHECK(plan_shot(screen, options).size == Size{640, 400});
    options = {.width = 1000};
    CHECK(plan_shot(screen, options).size == Size{1000, 625});
    options = {.height = 1};
    CHECK(plan_shot(screen, options).size == Size{2, 1});
    options = {.width = 100, .height = 100};
    CHECK(plan_shot(screen, options).size == Size{100, 100});
    options = {.scale = 0.5, .width = 100};
    CHECK_THROWS_AS(plan_shot(screen, options), rest::Unprocessable);
    options = {.height = 16383};
    CHECK_THROWS_AS(plan_shot(screen, options), rest::Unprocessable);
    options = {.width = 16383, .height = 16383};
    CHECK_THROWS_AS(plan_shot(screen, options), rest::Unprocessable);
    options = {.width = 4096, .height = 4096};
    CHECK(plan_shot(screen, options).size == Size{4096, 4096});
}

TEST_CASE("a region lies on the screen and is not empty") {
    CHECK(refused_field(0, 0, 1280, 800).empty());
    CHECK(refused_field(1279, 799, 1280, 800).empty());
    CHECK(refused_field(-1, 0, 10, 10) == "x0");
    CHECK(refused_field(1280, 0, 1290, 10) == "x0");
    CHECK(refused_field(0, 0, 1281, 10) == "x1");
    CHECK(refused_field(10, 0, 10, 10) == "x1");
    CHECK(refused_field(0, 800, 10, 900) == "y0");
    CHECK(refused_field(0, 10, 10, 9) == "y1");
}

TEST_CASE("a PNG's quality makes no other picture") {
    ops::PictureOptions one{.quality = 10};
    ops::PictureOptions other{.quality = 90};
    CHECK(plan_shot(screen, one) == plan_shot(screen, other));
    for (const auto* format : {"jpeg", "webp"}) {
        one.format = other.format = format;
        CHECK_FALSE(plan_shot(screen, one) == plan_shot(screen, other));
    }
    one.format = other.format = "jpeg";
    CHECK_FALSE(plan_shot(screen, one) == plan_shot(screen, other));
}

TEST_CASE("a WebP is lossless when it is asked to be, or has the best quality; a JPEG never is") {
    CHECK(plan_shot(screen, {.format = "webp"}).quality == 85);
    CHECK(plan_shot(screen, {.format = "webp", .quality = 100}).quality == 0);
    CHECK(plan_shot(screen, {.format = "webp", .quality = 7, .lossless = true}).quality == 0);
    CHECK(plan_shot(screen, {.format = "jpeg", .quality = 100}).quality == 100);
    CHECK(plan_shot(screen, {.format = "jpeg", .lossless = false}).quality == 85);
    CHECK_THROWS_AS(plan_shot(screen, {.format = "jpeg", .lossless = true}), rest::Unprocessable);
}

TEST_CASE("one colour stays exactly itself in any size") {
    const Image image{std::vector<std::uint32_t>(30 * 20, 0x00fefefe), {30, 20}};
    for (const auto size : {Size{1, 1}, {7, 3}, {29, 19}, {30, 20}, {31, 50}, {300, 200}}) {
        const auto scaled = scale(image.pixels(), size);
        CHECK(scaled.size == size);
        for (const auto pixel : scaled.data) REQUIRE(pixel == 0x00fefefe);
    }
}

TEST_CASE("shrinking mixes what a new pixel covers, and growing keeps the corners") {
    const Image image{{0x00000000, 0x00ffffff, 0x00ffffff, 0x00000000}, {2, 2}};
    const auto one = scale(image.pixels(), {1, 1}).data[0];
    CHECK((one & 0xff) >= 127);
    CHECK((one & 0xff) <= 128);
    const auto grown = scale(image.pixels(), {8, 8});
    CHECK(grown.data[0] == 0x00000000);
    CHECK(grown.data[7] == 0x00ffffff);
    CHECK(grown.data[63] == 0x00000000);
}

TEST_CASE("the pointer is drawn over the picture, clipped at its edges") {
    std::vector<std::uint32_t> pixels(4 * 4, 0x00ffffff);
    const Cursor cursor{-1, -1, {2, 2}, {0xff0000ffU, 0xff0000ffU, 0xff0000ffU, 0x80000000U}};
    draw_cursor(pixels, {4, 4}, cursor);
    CHECK(pixels[0] == 0x007f7f7f);
    CHECK(pixels[1] == 0x00ffffff);
    draw_cursor(pixels, {4, 4}, {3, 3, {2, 2}, {0xff112233U, 0, 0, 0xff000000U}});
    CHECK(pixels[15] == 0x00112233);
    draw_cursor(pixels, {4, 4}, {1, 1, {1, 1}, {0x00123456U}});
    CHECK(pixels[5] == 0x00ffffff);
}
