// Somebody else's words, made fit to be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carrel::core {

/// Well-formed UTF-8 of at most `most` bytes without characters that control: those of ASCII and of Latin-1
/// (C0, DEL, C1: what moves a cursor or begins a terminal's sequence), those that turn the direction of text
/// around, and Unicode's two line ends. Sequences that only colour a terminal's text or move its cursor are
/// left out whole. Tabs and line feeds become spaces, but line feeds stay when `has_lines`. Pure.
std::string plain_text(std::string_view text, std::size_t most, bool has_lines);

/// All of the text, with the same characters written out: `\n`, `\x1b`, `\u{202e}`, and `\xff` for a byte
/// that is not UTF-8. For logs; `has_lines`, for terminals, leaves line feeds and tabs as they are. Pure.
std::string visible_text(std::string_view text, bool has_lines);

/// How many bytes at the end of `text` may be the beginning of a character that goes on in the next piece.
std::size_t cut_character(std::string_view text);

}  // namespace carrel::core
