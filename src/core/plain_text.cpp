#include "core/plain_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include "core/text.hpp"

namespace carrel::core {

namespace {

constexpr char32_t not_utf8 = 0xffffffff;

struct Character {
    char32_t point;          ///< not_utf8 for a byte that belongs to no character
    std::string_view bytes;  ///< what it is made of
};

/// The one at the front of a text that is not empty.
Character first_character(std::string_view text) {
    for (std::size_t size = 1; size <= std::min<std::size_t>(text.size(), 4); ++size) {
        const auto bytes = text.substr(0, size);
        if (!is_utf8(bytes)) continue;
        const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
        if (size == 1) return {byte(0), bytes};
        char32_t point = byte(0) & (0x7fU >> size);
        for (std::size_t i = 1; i < size; ++i) point = point << 6U | (byte(i) & 0x3fU);
        return {point, bytes};
    }
    return {not_utf8, text.substr(0, 1)};
}

bool controls(char32_t point) {
    const auto is_in = [point](char32_t first, char32_t last) { return point >= first && point <= last; };
    // Bidi_Control of Unicode, and what separates lines and paragraphs there.
    const bool turns_text =
        point == 0x61c || is_in(0x200e, 0x200f) || is_in(0x202a, 0x202e) || is_in(0x2066, 0x2069);
    return point < 0x20 || is_in(0x7f, 0x9f) || turns_text || is_in(0x2028, 0x2029);
}

std::string escaped(const Character& character) {
    if (character.point == '\n') return "\\n";
    if (character.point == '\r') return "\\r";
    if (character.point == '\t') return "\\t";
    if (character.point == not_utf8)
        return fmt::format("\\x{:02x}", static_cast<std::uint8_t>(character.bytes.front()));
    if (character.point < 0x80) return fmt::format("\\x{:02x}", static_cast<std::uint32_t>(character.point));
    return fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(character.point));
}

/// The size of a control sequence (ECMA-48, 5.4: a colour, a movement) at the front; 0: there is none, or its
/// end is missing.
std::size_t terminal_sequence(std::string_view text) {
    std::size_t size = text.starts_with("\x1b[") || text.starts_with("\xc2\x9b") ? 2 : 0;
    if (size == 0) return 0;
    const auto skip = [&](char first, char last) {
        while (size < text.size() && text[size] >= first && text[size] <= last) ++size;
    };
    skip(0x30, 0x3f);
    skip(0x20, 0x2f);
    const bool has_end = size < text.size() && text[size] >= 0x40 && text[size] <= 0x7e;
    return has_end ? size + 1 : 0;
}

/// Most texts are of this kind, and need no work.
bool is_printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char each) { return each >= ' ' && each < '\x7f'; });
}

}  // namespace

std::string plain_text(std::string_view text, std::size_t most, bool has_lines) {
    std::string plain;
    const auto repaired = repair_utf8(text);
    for (std::string_view left = repaired; !left.empty();) {
        if (const auto size = terminal_sequence(left)) {
            left.remove_prefix(size);
            continue;
        }
        const auto character = first_character(left);
        left.remove_prefix(character.bytes.size());
        const bool is_line = character.point == '\n';
        if (!controls(character.point) || (is_line && has_lines))
            plain += character.bytes;
        else if (is_line || character.point == '\t')
            plain += ' ';
    }
    return std::string{utf8_prefix(plain, most)};
}

std::string visible_text(std::string_view text, bool has_lines) {
    if (is_printable_ascii(text)) return std::string{text};
    std::string visible;
    visible.reserve(text.size());
    while (!text.empty()) {
        const auto character = first_character(text);
        text.remove_prefix(character.bytes.size());
        const bool is_layout = has_lines && (character.point == '\n' || character.point == '\t');
        if (is_layout || (character.point != not_utf8 && !controls(character.point)))
            visible += character.bytes;
        else
            visible += escaped(character);
    }
    return visible;
}

std::size_t cut_character(std::string_view text) {
    for (std::size_t size = 1; size <= std::min<std::size_t>(text.size(), 3); ++size) {
        const auto byte = static_cast<std::uint8_t>(text[text.size() - size]);
        if ((byte & 0xc0U) == 0x80U) continue;
        const std::size_t whole = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        return whole > size ? size : 0;
    }
    return 0;
}

}  // namespace carrel::core
