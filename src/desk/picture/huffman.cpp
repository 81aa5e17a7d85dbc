#include "desk/picture/huffman.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace carrel::desk::picture {

namespace {

constexpr std::size_t most_symbols = 288;

struct Leaf {
    std::uint32_t count;
    std::uint16_t symbol;
};

/// How many codes there are of each length.
using Lengths = std::array<std::uint32_t, longest_code + 1>;

/// The depth of every leaf of the best tree, counted by depth; `leaves` are in rising order of count.
/// Deeper ones than `longest` are counted there: the tree is then too full.
Lengths count_depths(std::span<const Leaf> leaves, int longest) {
    // Inner nodes are made in rising order of count, so that both queues stay sorted by themselves.
    std::array<std::uint32_t, 2 * most_symbols> counts;
    std::array<std::uint16_t, 2 * most_symbols> parents;
    const auto total = leaves.size();
    for (std::size_t i = 0; i < total; ++i) counts[i] = leaves[i].count;
    std::size_t leaf = 0;
    std::size_t inner = total;
    const auto nodes = 2 * total - 1;
    for (auto made = total; made < nodes; ++made) {
        counts[made] = 0;
        for (int side = 0; side < 2; ++side) {
            const bool takes_leaf = leaf < total && (inner >= made || counts[leaf] <= counts[inner]);
            const auto child = takes_leaf ? leaf++ : inner++;
            counts[made] += counts[child];
            parents[child] = static_cast<std::uint16_t>(made);
        }
    }
    Lengths lengths{};
    std::array<std::uint16_t, 2 * most_symbols> depths;
    depths[nodes - 1] = 0;
    for (auto node = nodes - 1; node-- > 0;) {
        depths[node] = static_cast<std::uint16_t>(depths[parents[node]] + 1);
        if (node < total) ++lengths[static_cast<std::size_t>(std::min<int>(depths[node], longest))];
    }
    return lengths;
}

/// Makes a tree that is too full, because leaves were lifted up to `longest`, an exact one again.
void repair(Lengths& lengths, int longest) {
    std::uint32_t used = 0;
    for (int length = 1; length <= longest; ++length)
        used += lengths[static_cast<std::size_t>(length)] << (longest - length);
    for (const auto room = 1U << longest; used > room; --used) {
        // A leaf of the lowest level joins the deepest leaf above it, which goes one down.
        --lengths[static_cast<std::size_t>(longest)];
        int above = longest - 1;
        while (lengths[static_cast<std::size_t>(above)] == 0) --above;
        --lengths[static_cast<std::size_t>(above)];
        lengths[static_cast<std::size_t>(above) + 1] += 2;
    }
}

std::uint16_t reversed(std::uint32_t bits, int length) {
    std::uint32_t result = 0;
    for (int i = 0; i < length; ++i) result |= (bits >> i & 1U) << (length - 1 - i);
    return static_cast<std::uint16_t>(result);
}

/// Canonical codes: in the order of length, then of symbol.
void number(std::span<Code> codes, const Lengths& lengths) {
    std::array<std::uint32_t, longest_code + 2> next{};
    for (std::size_t length = 1; length <= longest_code; ++length)
        next[length + 1] = (next[length] + lengths[length]) << 1;
    for (auto& code : codes)
        if (code.length) code.bits = reversed(next[code.length]++, code.length);
}

}  // namespace

void make_codes(std::span<const std::uint32_t> counts, int longest, std::span<Code> codes) {
    std::ranges::fill(codes, Code{});
    std::array<Leaf, most_symbols> room;
    std::size_t size = 0;
    for (std::size_t symbol = 0; symbol < counts.size(); ++symbol)
        if (counts[symbol]) room[size++] = {counts[symbol], static_cast<std::uint16_t>(symbol)};
    for (std::uint16_t symbol = 0; size < 2; ++symbol)
        if (size == 0 || room[0].symbol != symbol) room[size++] = {1, symbol};

    const std::span leaves{room.data(), size};
    std::ranges::sort(leaves, [](const Leaf& one, const Leaf& other) {
        return one.count != other.count ? one.count < other.count : one.symbol < other.symbol;
    });
    auto lengths = count_depths(leaves, longest);
    repair(lengths, longest);
    std::size_t leaf = 0;
    for (int length = longest; length > 0; --length)
        for (auto left = lengths[static_cast<std::size_t>(length)]; left > 0; --left)
            codes[leaves[leaf++].symbol].length = static_cast<std::uint8_t>(length);
    number(codes, lengths);
}

}  // namespace carrel::desk::picture
