// Identifiers: a prefix and random hexadecimal digits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carrel::core {

/// `digits` random hexadecimal digits from the kernel (getrandom), lower case.
std::string random_hex(std::size_t digits);

/// "sess_" + 12 digits and the like: the shape of the public identifiers.
std::string make_id(std::string_view prefix);

/// Whether `text` is `prefix` followed by exactly 12 lower-case hexadecimal digits. Everything
/// that becomes part of a path is checked by this first.
bool is_id(std::string_view prefix, std::string_view text);

}  // namespace carrel::core
