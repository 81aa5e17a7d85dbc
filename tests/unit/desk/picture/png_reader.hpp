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

/// Takes the filters (W3C PNG, 9.2) off rows of bytes that each begin with the number of theirs.
inline void unfilter(std::string& rows, std::size_t stride, std::size_t step) {
    const auto at = [&](std::size_t begin, std::size_t i) {
        return static_cast<unsigned char>(rows[begin + i]);
    };
    for (std::size_t begin = 0; begin < rows.size(); begin += stride) {
        const int filter = rows[begin];
        REQUIRE((filter == 0 || filter == 1 || filter == 3));
        for (std::size_t i = 1; i < stride; ++i) {
            const int left = i > step ? at(begin, i - step) : 0;
            const int above = begin > 0 ? at(begin - stride, i) : 0;
            const int foretold = filter == 0 ? 0 : filter == 1 ? left : (left + above) / 2;
            rows[begin + i] = static_cast<char>(at(begin, i) + foretold);
        }
    }
}

/// Knows the filters that we use.
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
    const std::size_t step = result.colour_type == 3 ? 1 : 3;
    unfilter(rows, static_cast<std::size_t>(result.size.width) * step + 1, step);
    const auto* byte = reinterpret_cast<const unsigned char*>(rows.data());
    for (int y = 0; y < result.size.height; ++y) {
        ++byte;
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
