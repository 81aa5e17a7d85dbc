#include "bench/client/picture.hpp"

#include <libdeflate.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "core/error.hpp"

namespace carrel::bench {

namespace {

core::Error bad_picture(const char* why) {
    return core::Error{core::Code::internal, std::string{"not a picture as desks make them: "} + why};
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<std::uint8_t>(bytes.at(at + i));
    return number;
}

std::string_view find_chunk(std::string_view png, std::string_view type) {
    for (std::size_t at = 8; at + 12 <= png.size();) {
        const auto length = number_at(png, at);
        if (png.substr(at + 4, 4) == type) return png.substr(at + 8, length);
        at += length + 12;
    }
    throw bad_picture("a chunk is missing");
}

std::vector<std::uint8_t> decompress(std::string_view bytes, std::size_t size) {
    const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor{
        libdeflate_alloc_decompressor(), libdeflate_free_decompressor};
    std::vector<std::uint8_t> rows(size);
    if (libdeflate_zlib_decompress(decompressor.get(), bytes.data(), bytes.size(), rows.data(), rows.size(),
                                   nullptr) != LIBDEFLATE_SUCCESS)
        throw bad_picture("it does not decompress to its size");
    return rows;
}

struct Form {
    std::size_t width, height, pixel;  ///< pixel: bytes of one
    std::size_t stride() const { return width * pixel + 1; }
};

Form form_of(std::string_view png) {
    const auto header = find_chunk(png, "IHDR");
    return {number_at(header, 0), number_at(header, 4), header.at(9) == 3 ? 1UZ : 3UZ};
}

constexpr int level = 4;

libdeflate_compressor* compressor(void* state) { return static_cast<libdeflate_compressor*>(state); }

}  // namespace

std::vector<std::uint8_t> rows_of(std::string_view png) {
    const auto form = form_of(png);
    return decompress(find_chunk(png, "IDAT"), form.stride() * form.height);
}

Compressor::Compressor() : state_{libdeflate_alloc_compressor(level)} {}
Compressor::~Compressor() { libdeflate_free_compressor(compressor(state_)); }

std::size_t Compressor::compress(const std::vector<std::uint8_t>& rows) {
    room_.resize(libdeflate_zlib_compress_bound(compressor(state_), rows.size()));
    return libdeflate_zlib_compress(compressor(state_), rows.data(), rows.size(), room_.data(), room_.size());
}

bool has_one_colour(std::string_view png) {
    const auto form = form_of(png);
    const auto rows = rows_of(png);
    for (std::size_t y = 0; y < form.height; ++y) {
        const auto* row = &rows[y * form.stride()];
        if (row[0] != 0) throw bad_picture("a row has a filter");
        for (std::size_t x = 0; x < form.width; ++x)
            if (std::memcmp(&rows[1], row + 1 + x * form.pixel, form.pixel) != 0) return false;
    }
    return true;
}

bool has_one_colour(std::string_view png, int x, int y, int width, int height, std::uint32_t& colour) {
    const auto form = form_of(png);
    const auto rows = rows_of(png);
    const auto* first =
        &rows[static_cast<std::size_t>(y) * form.stride() + 1 + static_cast<std::size_t>(x) * form.pixel];
    for (int line = 0; line < height; ++line)
        for (int column = 0; column < width; ++column)
            if (std::memcmp(first + static_cast<std::size_t>(line) * form.stride() +
                                static_cast<std::size_t>(column) * form.pixel,
                            first, form.pixel) != 0)
                return false;
    colour = 0;
    for (std::size_t i = 0; i < form.pixel; ++i) colour = colour << 8 | first[i];
    return true;
}

}  // namespace carrel::bench
