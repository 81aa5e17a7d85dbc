#include "desk/files/line_ends.hpp"

namespace carrel::desk::files {

namespace {

/// Of the line end whose LF is at `at`.
std::string_view end_with(std::string_view text, std::size_t at) {
    return at > 0 && text[at - 1] == '\r' ? "\r\n" : "\n";
}

/// The size of `wanted` where it stands at `at`; npos when it does not.
std::size_t size_at(std::string_view text, std::size_t at, std::string_view wanted) {
    auto end = at;
    for (const char byte : wanted) {
        if (byte == '\n' && text.substr(end).starts_with("\r\n")) ++end;
        if (end == text.size() || text[end] != byte) return text.npos;
        ++end;
    }
    return end - at;
}

}  // namespace

std::string_view line_end_at(std::string_view text, std::size_t at) {
    if (const auto next = text.find('\n', at); next != text.npos) return end_with(text, next);
    const auto last = text.rfind('\n');
    return last == text.npos ? "\n" : end_with(text, last);
}

std::string with_line_ends(std::string_view text, std::string_view line_end) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\n' && (at == 0 || text[at - 1] != '\r'))
            result += line_end;
        else
            result += text[at];
    }
    return result;
}

std::vector<Place> find_lines(std::string_view text, std::string_view wanted, std::size_t most) {
    std::vector<Place> places;
    // What begins before the first line end finds where to look; a text that begins with one is met at each.
    const auto first = wanted.substr(0, wanted.find('\n'));
    for (std::size_t at = 0; places.size() < most; ++at) {
        at = first.empty() ? text.find('\n', at) : text.find(first, at);
        if (at == text.npos) break;
        const auto begin = first.empty() && end_with(text, at).size() == 2 ? at - 1 : at;
        if (const auto size = size_at(text, begin, wanted); size != text.npos)
            places.push_back({begin, size});
    }
    return places;
}

}  // namespace carrel::desk::files
