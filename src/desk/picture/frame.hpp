// What a picture shows, told by hashes: to know whether two pictures are the same, and where they differ.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "desk/picture/picture.hpp"

namespace carrel::desk::picture {

/// Hashes of tiles, `tile_width` by `band_height` pixels, row by row.
struct Frame {
    Size size;
    std::uint64_t id = 0;  ///< of everything together
    std::vector<std::uint64_t> tiles;
    std::vector<std::uint64_t> bands;  ///< a hash for each row of tiles
};

constexpr int tile_width = 64;

/// The same pixels give the same frame, in every program and at any time.
Frame describe(Pixels pixels);

/// The id as clients get it: sixteen digits.
std::string name_of(std::uint64_t frame);
/// Nothing unless `name` is one.
std::optional<std::uint64_t> parse_frame(std::string_view name);

/// The rectangles in which the two differ: few, not overlapping, made of whole tiles. The frames have the
/// same size.
std::vector<Region> differences(const Frame& before, const Frame& now);

}  // namespace carrel::desk::picture
