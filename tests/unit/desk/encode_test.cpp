#include "desk/encode.hpp"

#include <doctest/doctest.h>
#include <libdeflate.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
// jpeglib.h needs size_t and FILE from above.
#include <jpeglib.h>

using namespace carrel::desk;

namespace {

std::uint32_t number_at(std::string_view png, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(png[at + i]);
    return number;
}

struct Decoded {
    Size size;
    int colour_type = 0;
    std::vector<std::uint32_t> pixels;  ///< red in the third byte, as X has it
};

/// Reads what to_png writes: checks every checksum, knows only filter 0.
Decoded decode(std::string_view png) {
    REQUIRE(png.starts_with("\x89PNG\r\n\x1a\n"));
    Decoded result;
    std::string palette;
    std::string rows;
    for (std::size_t at = 8; at < png.size();) {
        const auto length = number_at(png, at);
        const auto type = png.substr(at + 4, 4);
        const auto content = png.substr(at + 8, length);
        CHECK(number_at(png, at + 8 + length) == libdeflate_crc32(0, png.data() + at + 4, length + 4));
        if (type == "IHDR") {
            result.size = {static_cast<int>(number_at(content, 0)), static_cast<int>(number_at(content, 4))};
            result.colour_type = content[9];
            const int bytes = result.colour_type == 3 ? 1 : 3;
            rows.resize((std::size_t(result.size.width) * bytes + 1) * result.size.height);
        }
        if (type == "PLTE") palette = content;
        if (type == "IDAT") {
            auto* decompressor = libdeflate_alloc_decompressor();
            CHECK(libdeflate_zlib_decompress(decompressor, content.data(), content.size(), rows.data(),
                                             rows.size(), nullptr) == LIBDEFLATE_SUCCESS);
            libdeflate_free_decompressor(decompressor);
        }
        at += 12 + length;
    }
    CHECK(png.substr(png.size() - 8, 4) == "IEND");
    const auto* byte = reinterpret_cast<const unsigned char*>(rows.data());
    for (int y = 0; y < result.size.height; ++y) {
        REQUIRE(*byte++ == 0);
        for (int x = 0; x < result.size.width; ++x) {
            const auto* rgb = byte;
            if (result.colour_type == 3)
                rgb = reinterpret_cast<const unsigned char*>(palette.data()) + 3 * *byte;
            byte += result.colour_type == 3 ? 1 : 3;
            result.pixels.push_back(std::uint32_t{rgb[0]} << 16 | std::uint32_t{rgb[1]} << 8 | rgb[2]);
        }
    }
    return result;
}

/// `colours` different ones, each with rubbish in the byte that means nothing.
Image image_of(Size size, int colours) {
    Image image{{}, size};
    for (int i = 0; i < size.width * size.height; ++i)
        image.data.push_back(0xab000000U | (static_cast<std::uint32_t>(i % colours) * 65793U & 0xffffff));
    return image;
}

}  // namespace

TEST_CASE("a PNG decodes to the pixels it was made of") {
    struct Case {
        Size size;
        int colours;
        int colour_type;
    };
    Workspace used;
    for (const auto& [size, colours, colour_type] : {Case{{1, 1}, 1, 3},
                                                     {{16, 16}, 256, 3},
                                                     {{17, 16}, 257, 2},
                                                     {{640, 480}, 3, 3},
                                                     {{333, 77}, 1000, 2}}) {
        CAPTURE(colours);
        auto image = image_of(size, colours);
        if (colours > 256)
            for (std::size_t i = 0; i < image.data.size(); ++i)
                image.data[i] = static_cast<std::uint32_t>(i % colours) * 7919;
        Workspace workspace;
        const auto decoded = decode(to_png(image.pixels(), workspace));
        // What an earlier picture left there must not show.
        CHECK(to_png(image.pixels(), workspace) == to_png(image.pixels(), used));
        CHECK(decoded.size == size);
        CHECK(decoded.colour_type == colour_type);
        for (auto& pixel : image.data) pixel &= 0xffffff;
        CHECK(decoded.pixels == image.data);
    }
}

TEST_CASE("a part of a picture keeps its rows apart") {
    auto image = image_of({100, 100}, 200);
    Workspace workspace;
    const auto decoded = decode(to_png(image.pixels().part({10, 20, 13, 22}), workspace));
    CHECK(decoded.size == Size{3, 2});
    CHECK(decoded.pixels[0] == (image.data[20 * 100 + 10] & 0xffffff));
    CHECK(decoded.pixels[5] == (image.data[21 * 100 + 12] & 0xffffff));
}

TEST_CASE("a JPEG that is larger than its usual room is whole") {
    Workspace workspace;
    auto noise = image_of({2048, 1024}, 2);
    std::uint32_t random = 1;
    for (auto& pixel : noise.data) pixel = (random = random * 1664525 + 1013904223);
    const auto bytes = to_jpeg(noise.pixels(), 100, workspace);
    CHECK(bytes.size() > (std::size_t{1} << 20));
    CHECK(bytes.starts_with("\xff\xd8"));
    CHECK(bytes.ends_with("\xff\xd9"));
    CHECK(to_jpeg(noise.pixels(), 100, workspace) == bytes);
}

TEST_CASE("a JPEG has the size and about the colours of its pixels") {
    Image image{std::vector<std::uint32_t>(64 * 32, 0x00c04020), {64, 32}};
    Workspace workspace;
    for (const int quality : {1, 50, 85, 95, 100}) {
        const auto bytes = to_jpeg(image.pixels(), quality, workspace);
        jpeg_decompress_struct state{};
        jpeg_error_mgr errors{};
        state.err = jpeg_std_error(&errors);
        jpeg_create_decompress(&state);
        jpeg_mem_src(&state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
        REQUIRE(jpeg_read_header(&state, TRUE) == JPEG_HEADER_OK);
        jpeg_start_decompress(&state);
        CHECK(state.output_width == 64);
        CHECK(state.output_height == 32);
        std::vector<JSAMPLE> row(64 * 3);
        auto* first = row.data();
        jpeg_read_scanlines(&state, &first, 1);
        const int tolerance = quality < 50 ? 60 : 8;
        CHECK(std::abs(row[0] - 0xc0) <= tolerance);
        CHECK(std::abs(row[1] - 0x40) <= tolerance);
        CHECK(std::abs(row[2] - 0x20) <= tolerance);
        jpeg_abort_decompress(&state);
        jpeg_destroy_decompress(&state);
    }
}
