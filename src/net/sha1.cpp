#include "net/sha1.hpp"

#include <array>
#include <bit>
#include <cstdint>

namespace carrel::net {

namespace {

using State = std::array<std::uint32_t, 5>;

/// FIPS 180-4 §6.1.2, the step's function and constant.
std::uint32_t mix(int step, const State& state) {
    const auto b = state[1];
    const auto c = state[2];
    const auto d = state[3];
    if (step < 20) return ((b & c) | (~b & d)) + 0x5a827999u;
    if (step < 40) return (b ^ c ^ d) + 0x6ed9eba1u;
    if (step < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
    return (b ^ c ^ d) + 0xca62c1d6u;
}

void add_block(State& state, std::string_view block) {
    std::array<std::uint32_t, 80> words{};
    for (std::size_t i = 0; i < 64; ++i)
        words[i / 4] = words[i / 4] << 8 | static_cast<unsigned char>(block[i]);
    for (std::size_t i = 16; i < 80; ++i)
        words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    State now = state;
    for (int step = 0; step < 80; ++step) {
        const auto next =
            std::rotl(now[0], 5) + mix(step, now) + now[4] + words[static_cast<std::size_t>(step)];
        now = {next, now[0], std::rotl(now[1], 30), now[2], now[3]};
    }
    for (std::size_t i = 0; i < state.size(); ++i) state[i] += now[i];
}

}  // namespace

std::string sha1(std::string_view text) {
    std::string padded{text};
    padded += '\x80';
    padded.append((120 - padded.size() % 64) % 64, '\0');
    for (int shift = 56; shift >= 0; shift -= 8)
        padded += static_cast<char>(std::uint64_t{text.size()} * 8 >> shift);
    State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    for (std::size_t place = 0; place < padded.size(); place += 64)
        add_block(state, std::string_view{padded}.substr(place, 64));
    std::string digest;
    for (const auto word : state)
        for (int shift = 24; shift >= 0; shift -= 8) digest += static_cast<char>(word >> shift);
    return digest;
}

}  // namespace carrel::net
