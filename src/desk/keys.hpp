// Names of keys, as people, xdotool and models write them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace carrel::desk {

/// What a key means, as X11 numbers it (X11/keysymdef.h).
using Keysym = std::uint32_t;

/// Keys that are pressed in this order and released in the other one.
using Chord = std::vector<Keysym>;

/// One key: a name of X11 ("Return", "F5", "XF86AudioPlay"), an alias ("enter", "cmd", "pgdn"), both in
/// any case, one character ("a", "€"), or a code point ("U20AC").
core::Expected<Keysym> parse_key(std::string_view name);

/// "ctrl+shift+t"; "ctrl++" and a lone "+" mean the plus key.
core::Expected<Chord> parse_chord(std::string_view text);

/// Several chords with spaces between; a lone space is the space key.
core::Expected<std::vector<Chord>> parse_chords(std::string_view text);

/// The keysym that stands for a character of Unicode.
Keysym keysym_of(char32_t character);

/// The character that keysym_of made it of; nothing for keys such as Return.
std::optional<char32_t> find_character(Keysym keysym);

/// The keysyms that type `text`: a line feed (also with a carriage return before it) is Return, a
/// tab is Tab. Refuses other control characters and bytes that are no UTF-8.
core::Expected<std::vector<Keysym>> keysyms_of(std::string_view text);

}  // namespace carrel::desk
