// How a text is brought into a program: by keys, or pasted where keys could go wrong. Pure.
#pragma once

#include <string>
#include <vector>

#include "desk/input/keymap.hpp"
#include "desk/input/reader.hpp"

namespace carrel::desk::input {

/// Either keys or a text to paste; one of them is empty.
struct TypingPart {
    std::vector<Keysym> keysyms;
    std::string pasted;  ///< UTF-8 without line feeds and tabs, which are always keys
    bool operator==(const TypingPart&) const = default;
};

/// A character that the keyboard lacks is typed by a spare key, which is given that meaning for a while.
/// Programs look a key's meaning up when they come to it, so a spare key gets its next meaning only when the
/// last one was read. Of programs that answer pings that is known. Terminals that do not answer get whole
/// lines pasted in which something is lacking; they insert a paste in its place among the keys. (Programs of
/// several processes, such as browsers, take a paste when they come to it, at a time that nobody sees: they
/// answer pings.)
std::vector<TypingPart> plan_typing(const std::vector<Keysym>& keysyms, const Keymap& keymap,
                                    const Reader& reader);

/// Whether some of these are not on the keyboard.
bool is_any_missing(const std::vector<Keysym>& keysyms, const Keymap& keymap);

}  // namespace carrel::desk::input
