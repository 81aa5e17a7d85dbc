#include "desk/files/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/text.hpp"
#include "desk/files/line_ends.hpp"

namespace carrel::desk::files {

using core::Expected;
using core::refuse;

namespace {

constexpr std::size_t longest_output = 16'000;
constexpr std::size_t most_places = 20;
/// Lines shown before and after a change.
constexpr std::size_t context = 4;
constexpr std::string_view clip_note =
    "<response clipped><NOTE>To save on context only part of this file has been shown to you. You should "
    "retry this tool after you have searched inside the file with `grep -n` in order to find the line "
    "numbers of what you are looking for.</NOTE>";

/// Lines without their ends; a line end at the very end begins no further line.
std::vector<std::string_view> lines_of(std::string_view text) {
    if (text.empty()) return {};
    if (text.ends_with('\n')) text.remove_suffix(1);
    return core::split(text, '\n');
}

std::size_t count_line_ends(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

/// Lines `first` up to and including `last`, counted from 1, with their numbers.
std::string numbered(const std::vector<std::string_view>& lines, std::size_t first, std::size_t last) {
    std::string result;
    for (std::size_t number = first; number <= std::min(last, lines.size()); ++number) {
        fmt::format_to(std::back_inserter(result), "{:6}\t{}\n", number, lines[number - 1]);
        // What comes then is cut off anyway.
        if (result.size() > 4 * longest_output) break;
    }
    return clipped(core::repair_utf8(result));
}

/// The surroundings of a change that begins at byte `at` and is `changed` long.
std::string snippet(std::string_view text, std::size_t at, std::string_view changed) {
    const auto first_changed = count_line_ends(text.substr(0, at)) + 1;
    const auto last_changed = first_changed + count_line_ends(changed);
    return numbered(lines_of(text), first_changed > context ? first_changed - context : 1,
                    last_changed + context);
}

std::vector<Place> find_verbatim(std::string_view text, std::string_view wanted) {
    std::vector<Place> places;
    for (auto at = text.find(wanted); at != text.npos && places.size() < most_places;
         at = text.find(wanted, at + 1))
        places.push_back({at, wanted.size()});
    return places;
}

/// Who writes LF alone means the file's line ends, whichever those are; who writes CRLF means that.
std::vector<Place> find_all(std::string_view text, std::string_view wanted) {
    const bool is_verbatim = wanted.empty() || wanted.contains('\r') || !text.contains("\r\n");
    return is_verbatim ? find_verbatim(text, wanted) : find_lines(text, wanted, most_places);
}

std::string not_found(std::string_view path, std::string_view text, std::string_view old_text) {
    auto sentence = fmt::format("No replacement was performed, old_str `{}` did not appear verbatim in {}.",
                                old_text, path);
    if (!old_text.contains("\r\n")) return sentence;
    auto plain = std::string{old_text};
    for (auto at = plain.find("\r\n"); at != plain.npos; at = plain.find("\r\n", at)) plain.erase(at, 1);
    if (!find_lines(text, plain, 1).empty())
        sentence += " It does with other line ends: old_str has CRLF where the file has LF alone.";
    return sentence;
}

/// What is told when the file's line ends were put in the place of those that were given.
std::string_view note_of(std::string_view given, std::string_view stored) {
    return given.size() == stored.size()
               ? ""
               : " The line ends of the file there are CRLF, and so are those of the new text.";
}

struct Lines {
    std::size_t first;
    std::size_t last;
};

Expected<Lines> resolve_range(const std::vector<int>& range, std::size_t count) {
    if (range.empty()) return Lines{1, count};
    if (range.size() != 2) return refuse("Invalid `view_range`. It should be a list of two integers.");
    const auto [first, last] = std::pair{range[0], range[1]};
    const auto lines = static_cast<int>(count);
    if (first < 1 || first > std::max(lines, 1))
        return refuse(
            fmt::format("Invalid `view_range`: {}. Its first element `{}` should be within the range "
                        "of lines of the file: [1, {}]",
                        range, first, lines));
    if (last == -1) return Lines{static_cast<std::size_t>(first), count};
    if (last < first)
        return refuse(
            fmt::format("Invalid `view_range`: {}. Its second element `{}` should be larger or equal "
                        "than its first `{}`",
                        range, last, first));
    if (last > lines)
        return refuse(
            fmt::format("Invalid `view_range`: {}. Its second element `{}` should be smaller than the "
                        "number of lines in the file: `{}`",
                        range, last, lines));
    return Lines{static_cast<std::size_t>(first), static_cast<std::size_t>(last)};
}

/// Where line `line` ends, its line end included.
std::size_t end_of_line(std::string_view text, int line) {
    std::size_t at = 0;
    for (int i = 0; i < line && at < text.size(); ++i) {
        const auto line_end = text.find('\n', at);
        at = line_end == text.npos ? text.size() : line_end + 1;
    }
    return at;
}

/// With it the file would be no text any more, and no further edit would take it, nor take this one back.
bool holds_nul(std::string_view text) { return text.contains('\0'); }

}  // namespace

std::string clipped(std::string text) {
    if (text.size() <= longest_output) return text;
    text.resize(core::utf8_prefix(text, longest_output).size());
    return std::move(text) + std::string{clip_note};
}

Expected<std::string> view_text(std::string_view path, std::string_view text, const std::vector<int>& range) {
    const auto lines = lines_of(text);
    const auto shown = resolve_range(range, lines.size());
    if (!shown) return std::unexpected{shown.error()};
    return fmt::format("Here's the result of running `cat -n` on {}:\n{}", path,
                       numbered(lines, shown->first, shown->last));
}

Expected<Edited> replace_text(std::string_view path, std::string_view text, std::string_view old_text,
                              std::string_view new_text) {
    if (holds_nul(new_text))
        return refuse(
            "No replacement was performed: new_str holds the character NUL, which no text file has");
    const auto places = find_all(text, old_text);
    if (places.empty()) return refuse(not_found(path, text, old_text));
    if (places.size() > 1) {
        std::vector<std::size_t> numbers;
        for (const auto& [at, size] : places) numbers.push_back(count_line_ends(text.substr(0, at)) + 1);
        return refuse(
            fmt::format("No replacement was performed. Multiple occurrences of old_str `{}` in lines "
                        "{}. Please ensure it is unique",
                        old_text, numbers));
    }
    const auto [at, size] = places.front();
    const auto stored =
        old_text.contains('\r') ? std::string{new_text} : with_line_ends(new_text, line_end_at(text, at));
    auto changed = fmt::format("{}{}{}", text.substr(0, at), stored, text.substr(at + size));
    auto report = fmt::format(
        "The file {0} has been edited. Here's the result of running `cat -n` on a snippet of {0}:\n{1}Review "
        "the "
        "changes and make sure they are as expected. Edit the file again if necessary.{2}",
        path, snippet(changed, at, stored), note_of(new_text, stored));
    return Edited{std::move(changed), std::move(report)};
}

Expected<Edited> insert_text(std::string_view path, std::string_view text, int line,
                             std::string_view inserted) {
    if (holds_nul(inserted))
        return refuse("Nothing was inserted: insert_text holds the character NUL, which no text file has");
    const auto lines = static_cast<int>(lines_of(text).size());
    if (line < 0 || line > lines)
        return refuse(
            fmt::format("Invalid `insert_line` parameter: {}. It should be within the range of lines "
                        "of the file: [0, {}]",
                        line, lines));
    const auto at = end_of_line(text, line);
    const auto line_end = line_end_at(text, line == 0 ? 0 : at - 1);
    auto piece = with_line_ends(inserted, line_end);
    const auto size = piece.size();
    const bool is_after_open_line = at > 0 && text[at - 1] != '\n';
    // A last line without an end stays without one.
    if (is_after_open_line)
        piece.insert(0, line_end);
    else if (!piece.ends_with('\n') && !piece.empty())
        piece += line_end;
    auto changed = fmt::format("{}{}{}", text.substr(0, at), piece, text.substr(at));
    const auto shown_at = is_after_open_line ? at + line_end.size() : at;
    const std::string_view shown = std::string_view{changed}.substr(shown_at, size);
    auto report = fmt::format(
        "The file {} has been edited. Here's the result of running `cat -n` on a snippet of the edited "
        "file:\n"
        "{}Review the changes and make sure they are as expected (correct indentation, no duplicate lines, "
        "etc). Edit the file again if necessary.{}",
        path, snippet(changed, shown_at, shown), note_of(inserted, shown));
    return Edited{std::move(changed), std::move(report)};
}

}  // namespace carrel::desk::files
