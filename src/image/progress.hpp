// What a person who waits for an image wants to read, out of mmdebstrap's thousands of lines.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace carrel::image {

/// Marks lines that our own steps print, as in `carrel: run fc-cache`.
inline constexpr std::string_view step_mark = "carrel: ";

/// Reads `mmdebstrap --verbose` line by line (mmdebstrap 1.3.5, apt 2.6).
class ProgressReader {
public:
    /// A line for the person, at phases and at every tenth part of the work; else nothing.
    std::optional<std::string> read(std::string_view line);

    /// The last lines as they came, for the case that the build fails.
    std::string last_lines() const;

private:
    std::optional<std::string> count_package(std::string_view done_word);

    std::deque<std::string> last_;
    unsigned long long packages_ = 0;
    unsigned long long handled_ = 0;
    unsigned long long shown_tenths_ = 0;
};

}  // namespace carrel::image
