#include "session/picture_size.hpp"

#include <cstdint>

#include "core/bytes.hpp"

namespace carrel::session {

namespace {

constexpr int most_pixels_a_side = 16'384;

std::optional<agent::Size> checked_size(std::uint64_t width, std::uint64_t height) {
    if (width == 0 || height == 0 || width > most_pixels_a_side || height > most_pixels_a_side)
        return std::nullopt;
    return agent::Size{static_cast<int>(width), static_cast<int>(height)};
}

std::optional<agent::Size> png_size(std::string_view bytes) {
    using namespace std::string_view_literals;
    constexpr auto signature = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"sv;
    if (bytes.size() < signature.size() + 8 || !bytes.starts_with(signature)) return std::nullopt;
    return checked_size(core::big_endian(bytes, 16, 4), core::big_endian(bytes, 20, 4));
}

bool is_frame_header(std::uint8_t marker) {
    const bool is_other_table = marker == 0xc4 || marker == 0xc8 || marker == 0xcc;
    return marker >= 0xc0 && marker <= 0xcf && !is_other_table;
}

std::optional<agent::Size> jpeg_size(std::string_view bytes) {
    if (!bytes.starts_with("\xff\xd8")) return std::nullopt;
    std::size_t at = 2;
    // Segments: 0xff, marker, length of two bytes that counts itself.
    while (at + 9 <= bytes.size() && bytes[at] == '\xff') {
        const auto marker = static_cast<std::uint8_t>(bytes[at + 1]);
        if (is_frame_header(marker))
            return checked_size(core::big_endian(bytes, at + 7, 2), core::big_endian(bytes, at + 5, 2));
        at += 2 + core::big_endian(bytes, at + 2, 2);
    }
    return std::nullopt;
}

}  // namespace

std::optional<agent::Size> find_picture_size(std::string_view bytes, std::string_view media_type) {
    if (media_type == "image/png") return png_size(bytes);
    if (media_type == "image/jpeg") return jpeg_size(bytes);
    return std::nullopt;
}

}  // namespace carrel::session
