// The tables of key names.
#pragma once

#include <span>
#include <string_view>

#include "desk/input/keys.hpp"

namespace carrel::desk::input {

struct KeyName {
    std::string_view name;
    Keysym keysym;
};

/// Names of X11.
std::span<const KeyName> key_names();
/// What else keys are called; small letters only, without separators.
std::span<const KeyName> key_aliases();
/// Modifiers of which a keyboard has two: the right one has the next number.
std::span<const KeyName> sided_modifiers();
/// What follows "numpad" and the like.
std::span<const KeyName> pad_key_names();

/// Whether a name of X11 or an alias is written so, with case and separators overlooked.
bool is_listed_name(std::string_view name);

/// X11's names of the printable characters of ASCII from U+0020 that have one, and of Latin-1 from U+00A0.
std::span<const KeyName> character_names();

}  // namespace carrel::desk::input
