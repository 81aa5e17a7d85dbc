// The environment that a desk's owner gives to its programs, as init takes it.
#pragma once

#include <cstddef>
#include <string_view>

namespace carrel::desk::init {

/// Puts lines "NAME=value", each with a NUL behind it, into environ; how many they were. Whatever follows the
/// last NUL is no line. For a program with one thread.
std::size_t take_lines(std::string_view lines);

}  // namespace carrel::desk::init
