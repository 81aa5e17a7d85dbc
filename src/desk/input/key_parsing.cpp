// From names to keys.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/text.hpp"
#include "desk/input/key_names.hpp"
#include "desk/input/keys.hpp"

namespace carrel::desk::input {

namespace {

constexpr std::size_t longest_name = 30;
constexpr Keysym number_pad_0 = 0xffb0;

bool is_separator(char character) { return character == '_' || character == '-' || character == ' '; }

/// Small letters without separators.
std::string simplify(std::string_view name) {
    auto simple = core::to_lower(name);
    std::erase_if(simple, is_separator);
    return simple;
}

/// Whether `name`, as a table has it, is `simple`, which simplify made.
bool is_called(std::string_view name, std::string_view simple) {
    std::size_t at = 0;
    for (const char character : name) {
        if (is_separator(character)) continue;
        const char small =
            character >= 'A' && character <= 'Z' ? static_cast<char>(character + 32) : character;
        if (at == simple.size() || simple[at++] != small) return false;
    }
    return at == simple.size();
}

std::optional<Keysym> find_in(std::span<const KeyName> table, std::string_view simple) {
    const auto found =
        std::ranges::find_if(table, [&](const KeyName& row) { return is_called(row.name, simple); });
    if (found == table.end()) return std::nullopt;
    return found->keysym;
}

/// Without what stands before or after it; nothing when it does not stand there.
std::optional<std::string_view> without_prefix(std::string_view text, std::string_view prefix) {
    if (!text.starts_with(prefix) || text.size() == prefix.size()) return std::nullopt;
    return text.substr(prefix.size());
}
std::optional<std::string_view> without_suffix(std::string_view text, std::string_view suffix) {
    if (!text.ends_with(suffix) || text.size() == suffix.size()) return std::nullopt;
    return text.substr(0, text.size() - suffix.size());
}

bool is_digit(std::string_view text) { return text.size() == 1 && text[0] >= '0' && text[0] <= '9'; }
bool is_small_letter(std::string_view text) { return text.size() == 1 && text[0] >= 'a' && text[0] <= 'z'; }

/// "leftshift", "ShiftLeft", "lshift".
std::optional<Keysym> find_sided(std::string_view simple) {
    struct Side {
        std::string_view name;
        Keysym distance;
    };
    for (const auto& side : {Side{"left", 0}, Side{"right", 1}, Side{"l", 0}, Side{"r", 1}})
        for (const auto rest : {without_prefix(simple, side.name), without_suffix(simple, side.name)}) {
            if (!rest) continue;
            if (const auto key = find_in(sided_modifiers(), *rest)) return *key + side.distance;
        }
    return std::nullopt;
}

/// "Numpad5", "num_enter", "KP_Add".
std::optional<Keysym> find_on_pad(std::string_view simple) {
    for (const std::string_view pad : {"numpad", "keypad", "num", "kp"}) {
        const auto rest = without_prefix(simple, pad);
        if (!rest) continue;
        if (is_digit(*rest)) return number_pad_0 + static_cast<Keysym>((*rest)[0] - '0');
        if (const auto key = find_in(pad_key_names(), *rest)) return key;
        if (const auto key = find_in(key_names(), fmt::format("kp{}", *rest))) return key;
    }
    return std::nullopt;
}

/// Names that are not listed one by one: "KeyA", "Digit1", modifiers of a side, the number pad.
std::optional<Keysym> find_in_family(std::string_view simple) {
    if (const auto rest = without_prefix(simple, "key"); rest && (is_small_letter(*rest) || is_digit(*rest)))
        return static_cast<Keysym>((*rest)[0]);
    if (const auto rest = without_prefix(simple, "digit"); rest && is_digit(*rest))
        return static_cast<Keysym>((*rest)[0]);
    if (const auto key = find_sided(simple)) return key;
    return find_on_pad(simple);
}

std::optional<Keysym> find_simple(std::string_view simple) {
    for (const auto table : {key_aliases(), key_names(), character_names()})
        if (const auto key = find_in(table, simple)) return key;
    return find_in_family(simple);
}

std::optional<Keysym> find_named(std::string_view name) {
    // "Eacute" and "eacute" are two characters: those names first as they stand.
    for (const auto& row : character_names())
        if (row.name == name) return row.keysym;
    // "ctrl-" is the beginning of a chord, not a name.
    if (is_separator(name.front()) || is_separator(name.back())) return std::nullopt;
    const auto simple = simplify(name);
    if (const auto key = find_simple(simple)) return key;
    // As constants of programs: VK_RETURN, KEY_ENTER, XK_Return, Key.enter.
    for (const std::string_view prefix : {"vk", "xk", "key.", "keys.", "key", "xf86"}) {
        const auto rest = without_prefix(simple, prefix);
        if (!rest) continue;
        if (is_small_letter(*rest) || is_digit(*rest)) return static_cast<Keysym>((*rest)[0]);
        if (const auto key = find_simple(*rest)) return key;
    }
    return std::nullopt;
}

/// "U20AC": a code point in hexadecimal digits.
std::optional<Keysym> find_code_point(std::string_view name) {
    if (name.size() < 3 || (name[0] != 'U' && name[0] != 'u')) return std::nullopt;
    unsigned value = 0;
    const auto digits = name.substr(name[1] == '+' ? 2 : 1);
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc{} || rest != digits.data() + digits.size()) return std::nullopt;
    const bool is_surrogate = value >= 0xd800 && value < 0xe000;
    if (value > last_character || is_control(value) || is_surrogate) return std::nullopt;
    return keysym_of(value);
}

/// "<Return>", "{ENTER}", "[F5]" mean what stands within.
std::string_view unwrap(std::string_view name) {
    for (const std::string_view pair : {"<>", "{}", "[]"})
        if (name.size() > 2 && name.front() == pair[0] && name.back() == pair[1])
            return name.substr(1, name.size() - 2);
    return name;
}

std::string unknown_key(std::string_view name) {
    std::vector<std::string> candidates;
    for (const auto& table : {key_names(), key_aliases(), character_names()})
        for (const auto& row : table) candidates.emplace_back(row.name);
    // No key's name is longer: comparing would only cost.
    const auto near = name.size() <= longest_name ? core::nearest(name, candidates) : std::nullopt;
    return fmt::format(R"(there is no key "{}"{})", core::utf8_prefix(name, 40),
                       near ? fmt::format(R"(; did you mean "{}"?)", *near) : std::string{});
}

}  // namespace

core::Expected<Keysym> parse_key(std::string_view name) {
    if (!core::is_utf8(name)) return core::refuse("the name of a key is not UTF-8");
    if (name.empty()) return core::refuse("the name of a key is missing");
    const auto first = first_character(name);
    if (first.bytes == name.size() &&
        (first.value == '\n' || first.value == '\t' || !is_control(first.value)))
        return keysym_of(first.value);
    for (const auto candidate : {name, unwrap(name)}) {
        if (const auto named = find_named(candidate)) return *named;
        if (const auto numbered = find_code_point(candidate)) return *numbered;
    }
    return core::refuse(unknown_key(name));
}

bool is_listed_name(std::string_view name) {
    const auto simple = simplify(name);
    return find_in(key_aliases(), simple) || find_in(key_names(), simple);
}

}  // namespace carrel::desk::input
