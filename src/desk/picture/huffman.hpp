// Huffman codes with a limit of length, as DEFLATE (RFC 1951, 3.2.2) wants them. Pure.
#pragma once

#include <cstdint>
#include <span>

namespace carrel::desk::picture {

/// Bits of the longest code that DEFLATE has.
constexpr int longest_code = 15;

/// A symbol's code, its bits reversed as DEFLATE sends them; length 0: the symbol does not occur.
struct Code {
    std::uint16_t bits = 0;
    std::uint8_t length = 0;
};

/// The shortest codes for symbols that occur `counts[i]` times, none longer than `longest` (at most
/// longest_code). At least two symbols get a code, because some decoders refuse a tree of one. `codes` is as
/// long as `counts`, at most 288.
void make_codes(std::span<const std::uint32_t> counts, int longest, std::span<Code> codes);

}  // namespace carrel::desk::picture
