// Numbers as they stand in bytes of files and wires. Pure; the bytes asked for must be there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace carrel::core {

/// The number in the `width` bytes from `at`, its highest byte first: the order of networks. At most 8.
constexpr std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < width; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
    return number;
}

/// The same with its lowest byte first.
constexpr std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint64_t number = 0;
    for (std::size_t i = width; i > 0; --i)
        number = number << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
    return number;
}

}  // namespace carrel::core
