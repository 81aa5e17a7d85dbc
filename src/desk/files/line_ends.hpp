// The line ends of a text: models and editors write LF, whatever the file has. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::desk::files {

/// What line ends a text has at a place: those of the line that holds byte `at`, or of the line before when
/// that is the last one and has none; "\n" when there is no line end at all.
std::string_view line_end_at(std::string_view text, std::size_t at);

/// `text` with `line_end` for each lone LF.
std::string with_line_ends(std::string_view text, std::string_view line_end);

struct Place {
    std::size_t at;
    std::size_t size;
    bool operator==(const Place&) const = default;
};
/// Where `wanted`, whose lines end in LF, stands in a text whose lines end in CRLF or LF: at most `most`
/// places, each with the line ends that it has there.
std::vector<Place> find_lines(std::string_view text, std::string_view wanted, std::size_t most);

}  // namespace carrel::desk::files
