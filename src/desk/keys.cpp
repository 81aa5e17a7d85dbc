#include "desk/keys.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "core/text.hpp"
#include "desk/key_names.hpp"

namespace carrel::desk {

namespace {

constexpr Keysym return_key = 0xff0d;
constexpr Keysym tab_key = 0xff09;
constexpr Keysym unicode_keys = 0x01000000;
constexpr std::size_t longest_name = 30;
constexpr char32_t last_character = 0x10ffff;

struct Character {
    char32_t value;
    std::size_t bytes;
};

/// The first character of text that is known to be well-formed UTF-8.
Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    char32_t value = lead & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
    return {value, bytes};
}

bool is_control(char32_t character) { return character < 0x20 || (character >= 0x7f && character < 0xa0); }

/// "U20AC": a code point in hexadecimal digits.
std::optional<Keysym> find_code_point(std::string_view name) {
    if (name.size() < 3 || (name[0] != 'U' && name[0] != 'u')) return std::nullopt;
    unsigned value = 0;
    const auto digits = name.substr(name[1] == '+' ? 2 : 1);
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc{} || rest != digits.data() + digits.size()) return std::nullopt;
    if (value > last_character || is_control(value)) return std::nullopt;
    return keysym_of(value);
}

std::optional<Keysym> find_named(std::string_view name) {
    // "Eacute" and "eacute" are two characters: those names first as they stand.
    for (const auto& row : character_names())
        if (row.name == name) return row.keysym;
    for (const auto& table : {key_names(), character_names()})
        for (const auto& row : table)
            if (core::equals_ignoring_case(row.name, name)) return row.keysym;
    return std::nullopt;
}

std::string unknown_key(std::string_view name) {
    std::vector<std::string> candidates;
    for (const auto& table : {key_names(), character_names()})
        for (const auto& row : table) candidates.emplace_back(row.name);
    // No key's name is longer: comparing would only cost.
    const auto near = name.size() <= longest_name ? core::nearest(name, candidates) : std::nullopt;
    return fmt::format(R"(there is no key "{}"{})", core::utf8_prefix(name, 40),
                       near ? fmt::format(R"(; did you mean "{}"?)", *near) : std::string{});
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

core::Expected<Keysym> parse_key(std::string_view name) {
    if (!core::is_utf8(name)) return core::refuse("the name of a key is not UTF-8");
    if (name.empty()) return core::refuse("the name of a key is missing");
    const auto first = first_character(name);
    if (first.bytes == name.size() &&
        (first.value == '\n' || first.value == '\t' || !is_control(first.value)))
        return keysym_of(first.value);
    if (const auto named = find_named(name)) return *named;
    if (const auto numbered = find_code_point(name)) return *numbered;
    return core::refuse(unknown_key(name));
}

core::Expected<Chord> parse_chord(std::string_view text) {
    Chord chord;
    auto rest = text;
    while (true) {
        // A plus where a name should begin is the plus key itself.
        const auto end = rest.starts_with('+') ? 1 : std::min(rest.find('+'), rest.size());
        if (rest.empty())
            return core::refuse(fmt::format(R"("{}" needs the name of a key after its last plus)", text));
        const auto key = parse_key(rest.substr(0, end));
        if (!key) return std::unexpected{key.error()};
        chord.push_back(*key);
        rest.remove_prefix(end);
        if (rest.empty()) return chord;
        if (!rest.starts_with('+')) return core::refuse(fmt::format(R"("{}" is no chord of keys)", text));
        rest.remove_prefix(1);
    }
}

core::Expected<std::vector<Chord>> parse_chords(std::string_view text) {
    if (text == " ") return std::vector<Chord>{Chord{keysym_of(' ')}};
    std::vector<Chord> chords;
    for (const auto part : core::split(core::trim(text), ' ')) {
        if (part.empty()) continue;
        auto chord = parse_chord(part);
        if (!chord) return std::unexpected{chord.error()};
        chords.push_back(std::move(*chord));
    }
    if (chords.empty()) return core::refuse("the name of a key is missing");
    return chords;
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
            return core::refuse(
                fmt::format("U+{:04X} is a control character and cannot be typed; use keyboard/key for keys",
                            static_cast<unsigned>(character)));
        keysyms.push_back(keysym_of(character));
    }
    return keysyms;
}

}  // namespace carrel::desk
