#include "desk/page/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.hpp"

namespace carrel::desk::page {

namespace {

struct NamedKey {
    input::Keysym keysym;
    std::string_view key;
    std::string_view code;
    int number;
    std::string_view text = {};
    int location = 0;
    int modifier = 0;
};

// Numbers of keys from X11/keysymdef.h; names from UI Events KeyboardEvent key and code values.
constexpr std::array named_keys{
    NamedKey{0xff0d, "Enter", "Enter", 13, "\r"},
    NamedKey{0xff8d, "Enter", "NumpadEnter", 13, "\r", 3},
    NamedKey{0xff09, "Tab", "Tab", 9},
    NamedKey{0xfe20, "Tab", "Tab", 9},
    NamedKey{0xff08, "Backspace", "Backspace", 8},
    NamedKey{0xff1b, "Escape", "Escape", 27},
    NamedKey{0xffff, "Delete", "Delete", 46},
    NamedKey{0xff63, "Insert", "Insert", 45},
    NamedKey{0xff50, "Home", "Home", 36},
    NamedKey{0xff57, "End", "End", 35},
    NamedKey{0xff55, "PageUp", "PageUp", 33},
    NamedKey{0xff56, "PageDown", "PageDown", 34},
    NamedKey{0xff51, "ArrowLeft", "ArrowLeft", 37},
    NamedKey{0xff52, "ArrowUp", "ArrowUp", 38},
    NamedKey{0xff53, "ArrowRight", "ArrowRight", 39},
    NamedKey{0xff54, "ArrowDown", "ArrowDown", 40},
    NamedKey{0xffe1, "Shift", "ShiftLeft", 16, "", 1, held::shift},
    NamedKey{0xffe2, "Shift", "ShiftRight", 16, "", 2, held::shift},
    NamedKey{0xffe3, "Control", "ControlLeft", 17, "", 1, held::control},
    NamedKey{0xffe4, "Control", "ControlRight", 17, "", 2, held::control},
    NamedKey{0xffe9, "Alt", "AltLeft", 18, "", 1, held::alt},
    NamedKey{0xffea, "Alt", "AltRight", 18, "", 2, held::alt},
    NamedKey{0xffe7, "Meta", "MetaLeft", 91, "", 1, held::meta},
    NamedKey{0xffe8, "Meta", "MetaRight", 92, "", 2, held::meta},
    NamedKey{0xffeb, "Meta", "MetaLeft", 91, "", 1, held::meta},
    NamedKey{0xffec, "Meta", "MetaRight", 92, "", 2, held::meta},
    NamedKey{0xfe03, "AltGraph", "AltRight", 18, "", 2, held::alt},
    NamedKey{0xffe5, "CapsLock", "CapsLock", 20},
    NamedKey{0xff7f, "NumLock", "NumLock", 144},
    NamedKey{0xff14, "ScrollLock", "ScrollLock", 145},
    NamedKey{0xff13, "Pause", "Pause", 19},
    NamedKey{0xff61, "PrintScreen", "PrintScreen", 44},
    NamedKey{0xff67, "ContextMenu", "ContextMenu", 93},
    NamedKey{0xffab, "+", "NumpadAdd", 107, "+", 3},
    NamedKey{0xffad, "-", "NumpadSubtract", 109, "-", 3},
    NamedKey{0xffaa, "*", "NumpadMultiply", 106, "*", 3},
    NamedKey{0xffaf, "/", "NumpadDivide", 111, "/", 3},
    NamedKey{0xffae, ".", "NumpadDecimal", 110, ".", 3},
};

struct Character {
    char plain;
    char shifted;
    std::string_view code;
    int number;
};

constexpr std::array characters{
    Character{' ', ' ', "Space", 32},         Character{'1', '!', "Digit1", 49},
    Character{'2', '@', "Digit2", 50},        Character{'3', '#', "Digit3", 51},
    Character{'4', '$', "Digit4", 52},        Character{'5', '%', "Digit5", 53},
    Character{'6', '^', "Digit6", 54},        Character{'7', '&', "Digit7", 55},
    Character{'8', '*', "Digit8", 56},        Character{'9', '(', "Digit9", 57},
    Character{'0', ')', "Digit0", 48},        Character{'-', '_', "Minus", 189},
    Character{'=', '+', "Equal", 187},        Character{'[', '{', "BracketLeft", 219},
    Character{']', '}', "BracketRight", 221}, Character{'\\', '|', "Backslash", 220},
    Character{';', ':', "Semicolon", 186},    Character{'\'', '"', "Quote", 222},
    Character{'`', '~', "Backquote", 192},    Character{',', '<', "Comma", 188},
    Character{'.', '>', "Period", 190},       Character{'/', '?', "Slash", 191},
};

std::optional<PageKey> character_key(char character) {
    const std::string text{character};
    const bool is_upper = character >= 'A' && character <= 'Z';
    if (is_upper || (character >= 'a' && character <= 'z')) {
        const char capital = is_upper ? character : static_cast<char>(character - 'a' + 'A');
        return PageKey{.key = text,
                       .code = fmt::format("Key{}", capital),
                       .number = capital,
                       .text = text,
                       .needs_shift = is_upper};
    }
    for (const auto& row : characters)
        if (row.plain == character || row.shifted == character)
            return PageKey{.key = text,
                           .code = std::string{row.code},
                           .number = row.number,
                           .text = text,
                           .needs_shift = row.plain != character};
    return std::nullopt;
}

std::optional<PageKey> function_or_pad_key(input::Keysym keysym) {
    if (keysym >= 0xffbe && keysym <= 0xffd5) {
        const auto name = fmt::format("F{}", keysym - 0xffbe + 1);
        return PageKey{
            .key = name, .code = name, .number = static_cast<int>(keysym - 0xffbe) + 112, .text = {}};
    }
    if (keysym >= 0xffb0 && keysym <= 0xffb9) {
        const auto digit = static_cast<int>(keysym - 0xffb0);
        return PageKey{.key = fmt::format("{}", digit),
                       .code = fmt::format("Numpad{}", digit),
                       .number = 96 + digit,
                       .text = fmt::format("{}", digit),
                       .location = 3};
    }
    return std::nullopt;
}

std::string utf8(char32_t character) {
    std::string text;
    const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (character >> shift & 0x3f)); };
    if (character < 0x80) return {static_cast<char>(character)};
    if (character < 0x800)
        text += static_cast<char>(0xc0 | character >> 6);
    else if (character < 0x10000)
        text += static_cast<char>(0xe0 | character >> 12), tail(6);
    else
        text += static_cast<char>(0xf0 | character >> 18), tail(12), tail(6);
    tail(0);
    return text;
}

/// What a key means while others are down: with shift the other character, with control or alt no text.
PageKey with_held(PageKey key, int held) {
    if ((held & held::shift) != 0 && key.key.size() == 1 && key.location == 0) {
        const char now = key.key[0];
        if (now >= 'a' && now <= 'z') key.key = key.text = static_cast<char>(now - 'a' + 'A');
        for (const auto& row : characters)
            if (row.plain == now) key.key = key.text = row.shifted;
    }
    if ((held & (held::control | held::alt | held::meta)) != 0) key.text.clear();
    return key;
}

json::Object key_event(const PageKey& key, int held, std::string_view type) {
    return {{"type", type},
            {"key", key.key},
            {"code", key.code},
            {"windowsVirtualKeyCode", key.number},
            {"nativeVirtualKeyCode", key.number},
            {"location", key.location},
            {"isKeypad", key.location == 3},
            {"modifiers", held}};
}

}  // namespace

core::Expected<PageKey> page_key(input::Keysym keysym) {
    for (const auto& row : named_keys)
        if (row.keysym == keysym)
            return PageKey{.key = std::string{row.key},
                           .code = std::string{row.code},
                           .number = row.number,
                           .text = std::string{row.text},
                           .location = row.location,
                           .modifier = row.modifier};
    if (auto key = function_or_pad_key(keysym)) return std::move(*key);
    if (keysym >= 0x20 && keysym < 0x7f)
        if (auto key = character_key(static_cast<char>(keysym))) return std::move(*key);
    const bool is_unicode = (keysym & 0xff000000) == 0x01000000;
    if (is_unicode || (keysym >= 0xa0 && keysym < 0x100)) {
        const auto text = utf8(keysym & 0x00ffffff);
        return PageKey{.key = text, .code = {}, .text = text};
    }
    return core::refuse(fmt::format("a browser knows no key of number {:#x}", keysym));
}

json::Object key_down(const PageKey& pressed, int held, bool is_repeat) {
    const auto key = with_held(pressed, held);
    auto event = key_event(key, held, key.text.empty() ? "rawKeyDown" : "keyDown");
    if (!key.text.empty()) {
        event["text"] = key.text;
        event["unmodifiedText"] = key.text;
    }
    if (is_repeat) event["autoRepeat"] = true;
    return event;
}

json::Object key_up(const PageKey& key, int held) { return key_event(with_held(key, held), held, "keyUp"); }

core::Expected<std::vector<PageKey>> parse_modifiers(std::string_view text) {
    std::vector<PageKey> keys;
    if (core::trim(text).empty()) return keys;
    const auto chord = input::parse_chord(core::trim(text));
    if (!chord) return std::unexpected{chord.error()};
    for (const auto keysym : *chord) {
        auto key = page_key(keysym);
        if (!key || key->modifier == 0)
            return core::refuse(
                fmt::format("\"{}\" is no chord of modifiers: those are ctrl, shift, alt and cmd",
                            core::utf8_prefix(text, 60)));
        keys.push_back(std::move(*key));
    }
    return keys;
}

int bits_of(const std::vector<PageKey>& modifiers) {
    int bits = 0;
    for (const auto& key : modifiers) bits |= key.modifier;
    return bits;
}

core::Expected<std::vector<TypedPiece>> typed_pieces(std::string_view text, std::size_t most_keys) {
    if (!core::is_utf8(text)) return core::refuse("the text is not UTF-8");
    const bool is_short = core::count_characters(text) <= most_keys;
    std::vector<TypedPiece> pieces;
    const auto insert = [&](std::string_view bytes) {
        if (pieces.empty() || !std::holds_alternative<std::string>(pieces.back()))
            pieces.emplace_back(std::string{});
        std::get<std::string>(pieces.back()) += bytes;
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char byte = text[at];
        if (byte == '\r' && at + 1 < text.size() && text[at + 1] == '\n') continue;
        if (byte == '\n' || byte == '\r' || byte == '\t') {
            pieces.emplace_back(*page_key(byte == '\t' ? 0xff09 : 0xff0d));
            continue;
        }
        if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f)
            return core::refuse("a text to type has no control characters but line feed and tab");
        if (auto key = is_short ? character_key(byte) : std::nullopt)
            pieces.emplace_back(std::move(*key));
        else
            insert(text.substr(at, 1));
    }
    return pieces;
}

}  // namespace carrel::desk::page
