#include "app/command_words.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace carrel::app {

namespace {

/// Options of exec whose value is the next word.
constexpr std::array<std::string_view, 2> with_value{"--timeout", "--server"};

}  // namespace

std::vector<std::string> take_command(std::vector<std::string>& words) {
    if (words.empty() || words.front() != "exec") return {};
    bool has_session = false;
    std::size_t at = 1;
    for (; at < words.size(); ++at) {
        const auto& word = words[at];
        if (word == "--" && has_session) break;
        if (std::ranges::find(with_value, word) != with_value.end())
            ++at;
        else if (word.starts_with('-') && word.size() > 1)
            continue;
        else if (std::exchange(has_session, true))
            break;
    }
    if (at >= words.size()) return {};
    const auto end = words.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<std::string> command{end + (*end == "--" ? 1 : 0), words.end()};
    words.erase(end, words.end());
    return command;
}

std::string command_line(const std::vector<std::string>& words) {
    if (words.size() == 1) return words.front();
    std::string line;
    for (const auto& word : words) {
        line += line.empty() ? "'" : " '";
        for (const char c : word) line += c == '\'' ? std::string{"'\\''"} : std::string{c};
        line += '\'';
    }
    return line;
}

}  // namespace carrel::app
