// Somebody else's words, made fit to be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carrel::core {

/// Well-formed UTF-8 of at most `most` bytes without control characters; tabs and line feeds become spaces,
/// but line feeds stay when `has_lines`. Pure.
std::string plain_text(std::string_view text, std::size_t most, bool has_lines);

}  // namespace carrel::core
