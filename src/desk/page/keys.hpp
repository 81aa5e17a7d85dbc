// Keys and characters as the DevTools protocol wants them: Input.dispatchKeyEvent. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "desk/input/keys.hpp"
#include "json/parse.hpp"

namespace carrel::desk::page {

/// Bits of `modifiers` in mouse and key events of the protocol.
namespace held {
constexpr int alt = 1;
constexpr int control = 2;
constexpr int meta = 4;
constexpr int shift = 8;
}  // namespace held

/// One key of a keyboard with the layout of the United States.
struct PageKey {
    std::string key;   ///< DOM's KeyboardEvent.key: "Enter", "a"
    std::string code;  ///< of the place: "Enter", "KeyA"
    int number = 0;    ///< Windows' virtual key code
    std::string text;  ///< what it types; empty for most named keys
    int location = 0;
    int modifier = 0;  ///< its bit, when it is one
    bool needs_shift = false;
};

/// Refuses keys that a browser knows nothing of.
core::Expected<PageKey> page_key(input::Keysym keysym);

/// The parameters of Input.dispatchKeyEvent. `held` are the modifiers that are down, the key's own among
/// them while it is pressed.
json::Object key_down(const PageKey& key, int held, bool is_repeat = false);
json::Object key_up(const PageKey& key, int held);

/// "ctrl+shift": the keys, in that order. Refuses keys that modify nothing.
core::Expected<std::vector<PageKey>> parse_modifiers(std::string_view text);
int bits_of(const std::vector<PageKey>& modifiers);

/// A piece of typed text: a key, or characters that no key of that layout has (Input.insertText).
using TypedPiece = std::variant<PageKey, std::string>;

/// From `most_keys` characters on, whole lines are inserted at once. Refuses control characters other
/// than line feed and tab, and bytes that are no UTF-8.
core::Expected<std::vector<TypedPiece>> typed_pieces(std::string_view text, std::size_t most_keys = 500);

}  // namespace carrel::desk::page
