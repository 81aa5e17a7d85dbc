#include "desk/picture/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace carrel::desk::picture {

namespace {

/// More rectangles are joined: each costs a picture's head.
constexpr std::size_t most_rectangles = 24;
/// Two pixels; the fourth byte of each means nothing.
constexpr std::uint64_t pair_mask = 0x00ffffff'00ffffff;
constexpr std::uint64_t seed = 0x9e3779b97f4a7c15;

/// Two numbers into one, each bit of which depends on all of theirs: both halves of their product.
std::uint64_t mix(std::uint64_t one, std::uint64_t other) {
    __extension__ using Wide = unsigned __int128;
    const auto product = static_cast<Wide>(one ^ 0xa0761d6478bd642f) * (other ^ 0xe7037ed1a0b428db);
    return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}

std::uint64_t pair_at(const std::uint32_t* pixels) {
    std::uint64_t pair;
    std::memcpy(&pair, pixels, sizeof pair);
    return pair & pair_mask;
}

/// Four chains side by side, which the processor follows at once.
std::uint64_t hash_of(Pixels tile) {
    std::array<std::uint64_t, 4> chains{seed, seed + 1, seed + 2, seed + 3};
    for (int y = 0; y < tile.size.height; ++y) {
        const auto* row = tile.row(y);
        int x = 0;
        for (; x + 16 <= tile.size.width; x += 16)
            for (std::size_t i = 0; i < chains.size(); ++i) {
                const auto* four = row + x + 4 * i;
                chains[i] = mix(chains[i] ^ pair_at(four), pair_at(four + 2));
            }
        for (; x < tile.size.width; ++x) chains[0] = mix(chains[0], row[x] & 0xffffff);
    }
    return mix(mix(chains[0], chains[1]), mix(chains[2], chains[3]));
}

std::size_t count_columns(Size size) {
    return static_cast<std::size_t>((size.width + tile_width - 1) / tile_width);
}

/// A run of changed tiles in one row of them.
struct Run {
    std::size_t first;
    std::size_t end;
    bool operator==(const Run&) const = default;
};

std::vector<Run> runs_in_row(const Frame& before, const Frame& now, std::size_t row) {
    const auto columns = count_columns(now.size);
    const auto differs = [&](std::size_t column) {
        return before.tiles[row * columns + column] != now.tiles[row * columns + column];
    };
    std::vector<Run> runs;
    if (before.bands[row] == now.bands[row]) return runs;
    for (std::size_t column = 0; column < columns; ++column) {
        if (!differs(column)) continue;
        const auto first = column;
        while (column < columns && differs(column)) ++column;
        runs.push_back({first, column});
    }
    return runs;
}

Region place_of(Run run, std::size_t first_row, std::size_t end_row, Size size) {
    const auto pixel = [](std::size_t tile, int length) { return static_cast<int>(tile) * length; };
    return {pixel(run.first, tile_width), pixel(first_row, band_height),
            std::min(pixel(run.end, tile_width), size.width),
            std::min(pixel(end_row, band_height), size.height)};
}

/// Equal runs of neighbouring rows become one rectangle.
std::vector<Region> join_rows(const std::vector<std::vector<Run>>& rows, Size size) {
    struct Open {
        Run run;
        std::size_t first_row;
    };
    std::vector<Region> rectangles;
    std::vector<Open> open;
    for (std::size_t row = 0; row <= rows.size(); ++row) {
        const auto runs = row < rows.size() ? rows[row] : std::vector<Run>{};
        std::erase_if(open, [&](const Open& each) {
            if (std::ranges::find(runs, each.run) != runs.end()) return false;
            rectangles.push_back(place_of(each.run, each.first_row, row, size));
            return true;
        });
        for (const auto run : runs)
            if (std::ranges::none_of(open, [&](const Open& each) { return each.run == run; }))
                open.push_back({run, row});
    }
    return rectangles;
}

}  // namespace

Frame describe(Pixels pixels) {
    Frame frame{pixels.size, 0, {}, {}};
    const auto columns = count_columns(pixels.size);
    frame.tiles.reserve(columns * count_bands(pixels.size));
    frame.id =
        mix(static_cast<std::uint64_t>(pixels.size.width), static_cast<std::uint64_t>(pixels.size.height));
    for (std::size_t row = 0; row < count_bands(pixels.size); ++row) {
        const auto band = band_of(pixels.size, row);
        std::uint64_t all = seed;
        for (std::size_t column = 0; column < columns; ++column) {
            const int left = static_cast<int>(column) * tile_width;
            const int right = std::min(left + tile_width, pixels.size.width);
            frame.tiles.push_back(hash_of(pixels.part({left, band.y0, right, band.y1})));
            all = mix(all, frame.tiles.back());
        }
        frame.bands.push_back(all);
        frame.id = mix(frame.id, all);
    }
    return frame;
}

std::string name_of(std::uint64_t frame) { return fmt::format("{:016x}", frame); }

std::optional<std::uint64_t> parse_frame(std::string_view name) {
    std::uint64_t frame = 0;
    const auto* end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data(), end, frame, 16);
    if (name.size() != 16 || error != std::errc{} || rest != end) return std::nullopt;
    return frame;
}

std::vector<Region> differences(const Frame& before, const Frame& now) {
    std::vector<std::vector<Run>> rows;
    for (std::size_t row = 0; row < now.bands.size(); ++row) rows.push_back(runs_in_row(before, now, row));
    auto rectangles = join_rows(rows, now.size);
    if (rectangles.size() <= most_rectangles) return rectangles;
    // From the first to the last change of each row; then everything between.
    for (auto& runs : rows)
        if (runs.size() > 1) runs = {{runs.front().first, runs.back().end}};
    rectangles = join_rows(rows, now.size);
    if (rectangles.size() <= most_rectangles) return rectangles;
    Region all = rectangles.front();
    for (const auto& each : rectangles)
        all = {std::min(all.x0, each.x0), std::min(all.y0, each.y0), std::max(all.x1, each.x1),
               std::max(all.y1, each.y1)};
    return {all};
}

}  // namespace carrel::desk::picture
