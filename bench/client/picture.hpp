// Looks into the PNGs that a desk answers, to know that they show something.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace carrel::bench {

/// Whether every pixel is the same. For PNGs as desks make them: 8 bits, rows without a filter. Throws
/// core::Error for anything else.
bool has_one_colour(std::string_view png);

/// Whether the rectangle has one colour all over; `colour` is then its bytes, red first.
bool has_one_colour(std::string_view png, int x, int y, int width, int height, std::uint32_t& colour);

/// What a PNG's compressed part holds: rows of bytes, each after its filter's number.
std::vector<std::uint8_t> rows_of(std::string_view png);

/// Compresses them as a desk does (libdeflate, level 4) into `room`; answers the size.
class Compressor {
public:
    Compressor();
    ~Compressor();
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;
    std::size_t compress(const std::vector<std::uint8_t>& rows);

private:
    void* state_;
    std::vector<std::uint8_t> room_;
};

}  // namespace carrel::bench
