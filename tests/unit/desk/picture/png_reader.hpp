// Reads what PngEncoder writes, and checks every checksum on the way.
#pragma once

#include <doctest/doctest.h>
#include <libdeflate.h>

#include <string>
#include <string_view>
#include <vector>

#include "desk/picture/picture.hpp"

namespace carrel::desk::picture {

struct ReadPng {
    Size size;
    int colour_type = 0;
    std::vector<std::uint32_t> pixels;  ///< red in the third byte, as X has it
};

inline std::uint32_t number_at(std::string_view png, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(png[at + i]);
    return number;
}

/// Knows only filter 0.
inline ReadPng read_png(std::string_view png) {
    REQUIRE(png.starts_with("\x89PNG\r\n\x1a\n"));
    ReadPng result;
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
            // It compares the Adler-32 as well.
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

/// The pixels as a PNG has them: without the byte that means nothing.
inline std::vector<std::uint32_t> colours_of(const Image& image) {
    auto colours = image.data;
    for (auto& colour : colours) colour &= 0xffffff;
    return colours;
}

}  // namespace carrel::desk::picture
