// The table of key names.
#pragma once

#include <span>
#include <string_view>

#include "desk/keys.hpp"

namespace carrel::desk {

struct KeyName {
    std::string_view name;
    Keysym keysym;
};

/// Names of X11 and the aliases that people and models use for them.
std::span<const KeyName> key_names();

/// X11's names of the printable characters of ASCII from U+0020 that have one, and of Latin-1 from U+00A0.
std::span<const KeyName> character_names();

}  // namespace carrel::desk
