#include "desk/picture/png.hpp"

#include <doctest/doctest.h>

#include <random>

#include "desk/picture/frame.hpp"
#include "tests/unit/desk/picture/png_reader.hpp"

using namespace carrel::desk;
using namespace carrel::desk::picture;

namespace {

/// `colours` different ones, each with rubbish in the byte that means nothing.
Image image_of(Size size, int colours) {
    Image image{{}, size};
    for (int i = 0; i < size.width * size.height; ++i)
        image.data.push_back(0xab000000U | (static_cast<std::uint32_t>(i % colours) * 65793U & 0xffffff));
    return image;
}

void fill(Image& image, Region region, std::uint32_t colour, std::uint32_t step = 0) {
    for (int y = region.y0; y < region.y1; ++y)
        for (int x = region.x0; x < region.x1; ++x, colour += step)
            image.data[static_cast<std::size_t>(y) * image.size.width + x] = colour;
}

}  // namespace

TEST_CASE("a PNG decodes to the pixels it was made of") {
    struct Case {
        Size size;
        int colours;
        int colour_type;
    };
    for (const auto& [size, colours, colour_type] : {Case{{1, 1}, 1, 3},
                                                     {{16, 16}, 256, 3},
                                                     {{17, 16}, 257, 2},
                                                     {{1, 100}, 3, 3},
                                                     {{640, 480}, 3, 3},
                                                     {{333, 77}, 1000, 2}}) {
        CAPTURE(colours);
        auto image = image_of(size, colours);
        if (colours > 256)
            for (std::size_t i = 0; i < image.data.size(); ++i)
                image.data[i] = static_cast<std::uint32_t>(i % colours) * 7919;
        PngEncoder encoder;
        const auto read = read_png(encoder.encode(image.pixels()));
        CHECK(read.size == size);
        CHECK(read.colour_type == colour_type);
        CHECK(read.pixels == colours_of(image));
        const auto with_bands = read_png(encoder.encode(image.pixels(), describe(image.pixels()).bands));
        CHECK(with_bands.colour_type == colour_type);
        CHECK(with_bands.pixels == colours_of(image));
    }
}

TEST_CASE("a part of a picture keeps its rows apart") {
    auto image = image_of({100, 100}, 200);
    PngEncoder encoder;
    const auto read = read_png(encoder.encode(image.pixels().part({10, 20, 13, 22})));
    CHECK(read.size == Size{3, 2});
    CHECK(read.pixels[0] == (image.data[20 * 100 + 10] & 0xffffff));
    CHECK(read.pixels[5] == (image.data[21 * 100 + 12] & 0xffffff));
}

TEST_CASE("only bands that changed are compressed again, and every picture of a changing screen is right") {
    Image image{std::vector<std::uint32_t>(300 * 200, 0x00ffffff), {300, 200}};
    PngEncoder encoder;
    const auto check = [&](std::uint64_t bands, int colour_type) {
        const auto before = encoder.compressed_bands();
        const auto read = read_png(encoder.encode(image.pixels(), describe(image.pixels()).bands));
        CHECK(encoder.compressed_bands() - before == bands);
        CHECK(read.colour_type == colour_type);
        CHECK(read.pixels == colours_of(image));
    };
    check(7, 3);
    check(0, 3);
    fill(image, {10, 40, 12, 41}, 0x00ff0000);
    check(1, 3);
    // The last band has eight rows only.
    fill(image, {299, 191, 300, 193}, 0x0000ff00);
    check(2, 3);
    // Another picture in between leaves the bands as they are.
    CHECK(read_png(encoder.encode(image.pixels().part({0, 0, 5, 5}))).size == Size{5, 5});
    check(0, 3);
}

TEST_CASE("a palette that has become full of gone colours is begun anew, and given up when it must be") {
    Image image{std::vector<std::uint32_t>(300 * 200, 0), {300, 200}};
    PngEncoder encoder;
    const auto colour_type = [&] {
        const auto read = read_png(encoder.encode(image.pixels(), describe(image.pixels()).bands));
        CHECK(read.pixels == colours_of(image));
        return read.colour_type;
    };
    for (std::uint32_t turn = 0; turn < 5; ++turn) {
        fill(image, {0, 0, 200, 1}, 1000 * turn + 1, 1);
        CHECK(colour_type() == 3);
    }
    fill(image, {0, 100, 300, 101}, 500'000, 1);
    CHECK(colour_type() == 2);
    fill(image, {0, 0, 1, 1}, 7);
    CHECK(colour_type() == 2);
    fill(image, {0, 0, 300, 200}, 0x00123456);
    CHECK(colour_type() == 3);
}

TEST_CASE("a screen of another size is another picture") {
    PngEncoder encoder;
    for (const Size size : {Size{64, 64}, {65, 64}, {64, 65}, {64, 64}}) {
        const auto image = image_of(size, 300);
        CHECK(read_png(encoder.encode(image.pixels(), describe(image.pixels()).bands)).pixels ==
              colours_of(image));
    }
}

TEST_CASE(
    "what looks like a photo takes half of what it would unfiltered, and its changed bands stay right") {
    Image image{{}, {320, 200}};
    std::minstd_rand noise{1};
    for (int y = 0; y < image.size.height; ++y)
        for (int x = 0; x < image.size.width; ++x) {
            std::uint32_t colour = 0;
            for (const int slope : {1, 2, 3})
                colour = colour << 8 | static_cast<std::uint32_t>(60 + (slope * x + 2 * y) / 8 + noise() % 5);
            image.data.push_back(colour);
        }
    PngEncoder encoder;
    const auto check = [&] {
        const auto png = encoder.encode(image.pixels(), describe(image.pixels()).bands);
        CHECK(read_png(png).pixels == colours_of(image));
        return png.size();
    };
    const auto size = check();
    CHECK(size < 320U * 200 * 3 / 2);
    // Among filtered bands one that is better without.
    fill(image, {0, 64, 320, 96}, 0x00ffffff);
    CHECK(check() < size);
    fill(image, {10, 100, 12, 101}, 0x00ff0000);
    check();
}
