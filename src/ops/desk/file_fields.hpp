// What the requests about files share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "json/fields.hpp"

namespace carrel::ops {

constexpr std::size_t longest_path = 4096;
/// What a file can be long, and a JSON number tells exactly.
constexpr double largest_offset = 9'007'199'254'740'991;
/// The same as bytes, for what has no other bound.
constexpr std::uint64_t largest_size = 9'007'199'254'740'991;
/// Of paths that may be relative.
constexpr auto any_path = "a path; a relative one begins in the home directory";

inline json::Rule path_length() { return json::length_between(1, longest_path); }

}  // namespace carrel::ops
