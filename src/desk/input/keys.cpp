#include "desk/input/keys.hpp"

#include <fmt/format.h>

#include <optional>

#include "core/text.hpp"

namespace carrel::desk::input {

namespace {

constexpr Keysym return_key = 0xff0d;
constexpr Keysym tab_key = 0xff09;
constexpr Keysym unicode_keys = 0x01000000;

}  // namespace

Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    char32_t value = lead & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
    return {value, bytes};
}

bool is_control(char32_t character) { return character < 0x20 || (character >= 0x7f && character < 0xa0); }

namespace {

/// What a control character's key is called; empty: it has none.
std::string_view key_of_control(char32_t character) {
    switch (character) {
        case 0x08: return "BackSpace";
        case 0x1b: return "Escape";
        case 0x7f: return "Delete";
        default: return {};
    }
}

core::Error cannot_be_typed(char32_t character, std::size_t place) {
    const auto key = key_of_control(character);
    return core::refuse(
               fmt::format("character {} is U+{:04X}, a control character, which cannot be typed{}", place,
                           static_cast<unsigned>(character),
                           key.empty() ? std::string{} : fmt::format("; press {} with keyboard/key", key)))
        .error();
}

}  // namespace

Keysym keysym_of(char32_t character) {
    if (character == '\n') return return_key;
    if (character == '\t') return tab_key;
    const bool is_latin_1 = character < 0x100;
    return is_latin_1 ? character : unicode_keys | character;
}

std::optional<char32_t> find_character(Keysym keysym) {
    if (keysym > unicode_keys && keysym <= (unicode_keys | last_character)) return keysym & ~unicode_keys;
    if (keysym < 0x100 && !is_control(keysym)) return keysym;
    return std::nullopt;
}

core::Expected<std::vector<Keysym>> keysyms_of(std::string_view text) {
    if (!core::is_utf8(text)) return core::refuse("the text is not UTF-8");
    std::vector<Keysym> keysyms;
    while (!text.empty()) {
        if (text.starts_with("\r\n")) text.remove_prefix(1);
        const auto next = first_character(text);
        text.remove_prefix(next.bytes);
        const auto character = next.value == '\r' ? U'\n' : next.value;
        if (is_control(character) && character != '\n' && character != '\t')
            return std::unexpected{cannot_be_typed(character, keysyms.size())};
        keysyms.push_back(keysym_of(character));
    }
    return keysyms;
}

}  // namespace carrel::desk::input
