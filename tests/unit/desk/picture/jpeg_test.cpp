#include "desk/picture/jpeg.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
// jpeglib.h needs size_t and FILE from above.
#include <jpeglib.h>

#include "desk/picture/frame.hpp"

using namespace carrel::desk;
using namespace carrel::desk::picture;

namespace {

struct ReadJpeg {
    Size size;
    std::vector<JSAMPLE> rgb;
    long warnings = 0;
};

ReadJpeg read_jpeg(std::string_view bytes) {
    jpeg_decompress_struct state{};
    jpeg_error_mgr errors{};
    state.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&state);
    jpeg_mem_src(&state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    REQUIRE(jpeg_read_header(&state, TRUE) == JPEG_HEADER_OK);
    jpeg_start_decompress(&state);
    ReadJpeg result{{static_cast<int>(state.output_width), static_cast<int>(state.output_height)}, {}};
    const auto stride = std::size_t{state.output_width} * 3;
    result.rgb.resize(stride * state.output_height);
    while (state.output_scanline < state.output_height) {
        auto* row = &result.rgb[stride * state.output_scanline];
        jpeg_read_scanlines(&state, &row, 1);
    }
    jpeg_finish_decompress(&state);
    result.warnings = errors.num_warnings;
    jpeg_destroy_decompress(&state);
    return result;
}

Image noise_of(Size size) {
    Image image{std::vector<std::uint32_t>(static_cast<std::size_t>(size.width) * size.height), size};
    std::uint32_t random = 1;
    for (auto& pixel : image.data) pixel = (random = random * 1664525 + 1013904223);
    return image;
}

}  // namespace

TEST_CASE("a JPEG that is larger than its usual room is whole") {
    JpegEncoder encoder;
    const auto noise = noise_of({2048, 1024});
    const auto bytes = encoder.encode(noise.pixels(), 100);
    CHECK(bytes.size() > (std::size_t{1} << 20));
    CHECK(bytes.starts_with("\xff\xd8"));
    CHECK(bytes.ends_with("\xff\xd9"));
    CHECK(encoder.encode(noise.pixels(), 100) == bytes);
}

TEST_CASE("a JPEG has the size and about the colours of its pixels") {
    const Image image{std::vector<std::uint32_t>(64 * 32, 0x00c04020), {64, 32}};
    JpegEncoder encoder;
    for (const int quality : {1, 50, 85, 95, 100}) {
        const auto read = read_jpeg(encoder.encode(image.pixels(), quality));
        CHECK(read.size == Size{64, 32});
        const int tolerance = quality < 50 ? 60 : 8;
        CHECK(std::abs(read.rgb[0] - 0xc0) <= tolerance);
        CHECK(std::abs(read.rgb[1] - 0x40) <= tolerance);
        CHECK(std::abs(read.rgb[2] - 0x20) <= tolerance);
    }
}

TEST_CASE("a JPEG of kept and of new bands is the same as one that was made at once") {
    for (const int quality : {60, 95})
        for (const Size size : {Size{1, 1}, {100, 31}, {333, 300}, {64, 320}}) {
            CAPTURE(size.width);
            JpegEncoder kept;
            auto image = noise_of(size);
            const auto bands = [&] { return describe(image.pixels()).bands; };
            CHECK(kept.encode(image.pixels(), quality, bands()) == kept.encode(image.pixels(), quality));
            // The last row, one in the middle, and twice the same.
            for (const int row : {size.height - 1, size.height / 2, size.height / 2}) {
                image.data[static_cast<std::size_t>(row) * size.width] = 0x00ff00ff;
                const auto bytes = kept.encode(image.pixels(), quality, bands());
                CHECK(bytes == JpegEncoder{}.encode(image.pixels(), quality));
                const auto read = read_jpeg(bytes);
                CHECK(read.size == size);
                CHECK(read.warnings == 0);
            }
        }
}

TEST_CASE("another quality or size uses nothing of what is kept") {
    JpegEncoder encoder;
    const auto image = noise_of({200, 100});
    const auto bands = describe(image.pixels()).bands;
    for (const int quality : {50, 90, 50})
        CHECK(encoder.encode(image.pixels(), quality, bands) ==
              JpegEncoder{}.encode(image.pixels(), quality));
    const auto part = image.pixels().part({0, 0, 100, 100});
    CHECK(encoder.encode(part, 50, describe(part).bands) == JpegEncoder{}.encode(part, 50));
}
