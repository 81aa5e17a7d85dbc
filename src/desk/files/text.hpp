// Looking at and changing texts the way that models are used to: numbered lines, a text that must stand
// exactly once, insertion after a line. Pure; the sentences are those of the vendor's reference tools.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace carrel::desk::files {

/// Cuts what is longer than 16,000 characters, and says so.
std::string clipped(std::string text);

/// `text` with line numbers, as `cat -n` shows it; `range` is empty (everything) or the first and the last
/// line, -1 for the end.
core::Expected<std::string> view_text(std::string_view path, std::string_view text,
                                      const std::vector<int>& range);

/// A changed text, and what is said about it.
struct Edited {
    std::string text;
    std::string report;
};
/// Lines of `old_text` and `new_text` that end in LF are those of the file, also when its lines end in CRLF,
/// which stay so. With a CR in `old_text` both are taken as they are.
core::Expected<Edited> replace_text(std::string_view path, std::string_view text, std::string_view old_text,
                                    std::string_view new_text);
/// After line `line`; 0 is the top. What is inserted becomes whole lines, which end as those around them.
core::Expected<Edited> insert_text(std::string_view path, std::string_view text, int line,
                                   std::string_view inserted);

}  // namespace carrel::desk::files
