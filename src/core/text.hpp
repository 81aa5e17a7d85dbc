// Text: what the standard library still lacks. All functions are pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::core {

std::string_view trim(std::string_view text);
/// Whether well-formed UTF-8 holds nothing but white space, by every common reading of that: Unicode's
/// White_Space, the separators U+001C to U+001F that Python counts, and U+FEFF that ECMAScript does.
bool is_blank(std::string_view text);
std::string to_lower(std::string_view text);                               ///< ASCII only
bool equals_ignoring_case(std::string_view left, std::string_view right);  ///< ASCII only
std::vector<std::string_view> split(std::string_view text, char separator);
/// The words of a text, with any white space between them.
std::vector<std::string_view> words_of(std::string_view text);

/// A decimal number with no sign, space or rest; nothing when it does not fit.
std::optional<unsigned long long> parse_unsigned(std::string_view text);

bool is_utf8(std::string_view bytes);
/// Every byte that is not part of well-formed UTF-8 becomes U+FFFD.
std::string repair_utf8(std::string_view bytes);
/// The longest prefix of at most `limit` bytes that cuts no UTF-8 character.
std::string_view utf8_prefix(std::string_view text, std::size_t limit);
/// How many code points well-formed UTF-8 holds.
std::size_t count_characters(std::string_view text);

std::string to_base64(std::string_view bytes);
std::optional<std::string> parse_base64(std::string_view text);  ///< with padding, no spaces
std::string to_hex(std::string_view bytes);

/// Percent-encodes all but the unreserved characters of RFC 3986.
std::string percent_encode(std::string_view text);
/// Nothing on a bad escape.
std::optional<std::string> percent_decode(std::string_view text);

/// The candidate nearest to `word`, for "did you mean"; nothing when none is near.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace carrel::core
