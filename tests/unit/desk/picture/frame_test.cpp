#include "desk/picture/frame.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "desk/picture/etag.hpp"

using namespace carrel::desk;
using namespace carrel::desk::picture;

namespace {

Image white(Size size) {
    return {std::vector<std::uint32_t>(static_cast<std::size_t>(size.width) * size.height, 0x00ffffff), size};
}

void dot(Image& image, int x, int y) { image.data[static_cast<std::size_t>(y) * image.size.width + x] ^= 1; }

}  // namespace

TEST_CASE("the same pixels have the same frame, and any other one does not") {
    auto image = white({100, 70});
    const auto before = describe(image.pixels());
    for (auto& pixel : image.data) pixel |= 0xcc000000;
    CHECK(describe(image.pixels()).id == before.id);
    for (const auto& [x, y] : {std::pair{0, 0}, {99, 69}, {63, 31}, {64, 32}, {98, 0}}) {
        dot(image, x, y);
        CHECK(describe(image.pixels()).id != before.id);
        dot(image, x, y);
        CHECK(describe(image.pixels()).id == before.id);
    }
    CHECK(describe(white({70, 100}).pixels()).id != before.id);
    // Where the rows of a part lie does not matter.
    CHECK(describe(image.pixels().part({1, 1, 51, 51})).id == describe(white({50, 50}).pixels()).id);
}

TEST_CASE("two pixels that change places make another frame") {
    auto image = white({200, 100});
    dot(image, 10, 10);
    const auto one = describe(image.pixels()).id;
    dot(image, 10, 10);
    for (const auto& [x, y] : {std::pair{11, 10}, {12, 10}, {14, 10}, {10, 11}, {74, 10}, {10, 42}}) {
        dot(image, x, y);
        CHECK(describe(image.pixels()).id != one);
        dot(image, x, y);
    }
}

TEST_CASE("differences are whole tiles, joined to rectangles") {
    auto image = white({200, 100});
    const auto before = describe(image.pixels());
    CHECK(differences(before, before).empty());
    dot(image, 70, 40);
    CHECK(differences(before, describe(image.pixels())) == std::vector<Region>{{64, 32, 128, 64}});
    dot(image, 130, 40);
    dot(image, 64, 64);
    dot(image, 128, 70);
    CHECK(differences(before, describe(image.pixels())) == std::vector<Region>{{64, 32, 192, 96}});
    // The last tiles are cut off by the edge.
    dot(image, 199, 99);
    CHECK(differences(before, describe(image.pixels())) ==
          std::vector<Region>{{64, 32, 192, 96}, {192, 96, 200, 100}});
}

TEST_CASE("many small differences become few rectangles that hold them all and do not overlap") {
    for (const int step : {1, 2, 3, 5}) {
        CAPTURE(step);
        auto image = white({1024, 768});
        const auto before = describe(image.pixels());
        std::vector<std::pair<int, int>> dots;
        for (int tile = 0; tile < 16 * 24; tile += step)
            if (tile / 16 % 2 == 0) dots.emplace_back(tile % 16 * 64 + 5, tile / 16 * 32 + 7);
        for (const auto& [x, y] : dots) dot(image, x, y);
        const auto rectangles = differences(before, describe(image.pixels()));
        CHECK(rectangles.size() <= 24);
        const auto count_at = [&](int x, int y) {
            return std::ranges::count_if(rectangles, [&](const Region& each) {
                return x >= each.x0 && x < each.x1 && y >= each.y0 && y < each.y1;
            });
        };
        for (const auto& [x, y] : dots) REQUIRE(count_at(x, y) == 1);
        for (int y = 0; y < 768; y += 32)
            for (int x = 0; x < 1024; x += 64) REQUIRE(count_at(x, y) <= 1);
    }
}

TEST_CASE("a frame's name is sixteen digits, and nothing else is one") {
    CHECK(name_of(0x12ab) == "00000000000012ab");
    CHECK(parse_frame("00000000000012ab") == 0x12ab);
    for (const auto* wrong :
         {"", "12ab", "00000000000012aB1", "00000000000012ag", "-0000000000012ab", "0x00000000001234"})
        CHECK_FALSE(parse_frame(wrong));
}

TEST_CASE("a tag stands for a frame shown in one way; a frame's name alone for every way") {
    const Shot shot{.region = {0, 0, 100, 50}, .size = {100, 50}};
    auto jpeg = shot;
    jpeg.format = Format::jpeg;
    jpeg.quality = 85;
    const auto tag = etag_of(0xabc, shot, false);
    CHECK(known_frame(tag, shot, false) == 0xabc);
    CHECK(known_frame("W/" + tag, shot, false) == 0xabc);
    CHECK(known_frame("\"other\" , " + tag, shot, false) == 0xabc);
    CHECK(known_frame("\"0000000000000abc\"", jpeg, true) == 0xabc);
    CHECK_FALSE(known_frame(tag, jpeg, false));
    CHECK_FALSE(known_frame(tag, shot, true));
    for (const auto* wrong : {"", "*", "abc", "\"\"", "\"", "\"0000000000000abc", "0000000000000abc", ",,,"})
        CHECK_FALSE(known_frame(wrong, shot, false));
}
