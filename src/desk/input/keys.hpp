// Names of keys, as people, xdotool and models write them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace carrel::desk::input {

/// What a key means, as X11 numbers it (X11/keysymdef.h).
using Keysym = std::uint32_t;
constexpr Keysym shift_key = 0xffe1;           ///< Shift_L
constexpr char32_t last_character = 0x10ffff;  ///< of Unicode

/// Keys that are pressed in this order and released in the other one.
using Chord = std::vector<Keysym>;

/// One key: a name of X11 ("Return", "F5", "XF86AudioPlay") or what xdotool, browsers ("ArrowUp", "KeyA",
/// "ControlLeft"), other systems ("cmd", "option", "VK_RETURN") and people ("enter", "page down", "numpad 5")
/// call it, also within <>, {} or []; one character ("a", "€"); or a code point ("U20AC"). Case, underscores,
/// dashes and spaces do not matter, but where X11 has two names that differ only so ("Eacute", "eacute").
core::Expected<Keysym> parse_key(std::string_view name);

/// "ctrl+shift+t", "ctrl-c", "<Control>c", "⌘+c"; "ctrl++" and a lone "+" mean the plus key. A single Latin
/// letter is a small one beside a modifier other than Shift: "Ctrl+C" is no Ctrl+Shift+C.
core::Expected<Chord> parse_chord(std::string_view text);

/// Several chords with spaces between; a lone space is the space key, spaces around a plus join ("ctrl + c"),
/// and names of two words are names ("Page Down").
core::Expected<std::vector<Chord>> parse_chords(std::string_view text);

struct Character {
    char32_t value;
    std::size_t bytes;
};
/// The first character of a text that is not empty and known to be well-formed UTF-8.
Character first_character(std::string_view text);
/// Of Unicode's category Cc.
bool is_control(char32_t character);

/// The keysym that stands for a character of Unicode.
Keysym keysym_of(char32_t character);

/// The character that keysym_of made it of; nothing for keys such as Return.
std::optional<char32_t> find_character(Keysym keysym);

/// The keysyms that type `text`: a line feed (also with a carriage return before it) is Return, a
/// tab is Tab. Refuses other control characters and bytes that are no UTF-8.
core::Expected<std::vector<Keysym>> keysyms_of(std::string_view text);

}  // namespace carrel::desk::input
