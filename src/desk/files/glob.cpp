#include "desk/files/glob.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/text.hpp"

namespace carrel::desk::files {

using core::Expected;
using core::refuse;

namespace {

constexpr std::size_t most_alternatives = 64;
constexpr std::size_t most_steps = 256;

/// Where the bracket that opens at `at` closes; a `]` directly behind the opening is one of its characters.
std::size_t bracket_end(std::string_view text, std::size_t at) {
    auto from = at + 1;
    if (from < text.size() && (text[from] == '!' || text[from] == '^')) ++from;
    if (from < text.size() && text[from] == ']') ++from;
    return text.find(']', from);
}

/// Where the brace that opens at `at` closes.
std::size_t brace_end(std::string_view text, std::size_t at) {
    int depth = 0;
    for (; at < text.size(); ++at) {
        if (text[at] == '\\')
            ++at;
        else if (text[at] == '{')
            ++depth;
        else if (text[at] == '}' && --depth == 0)
            return at;
    }
    return text.npos;
}

std::vector<std::string_view> parts_of_brace(std::string_view inner) {
    std::vector<std::string_view> parts;
    int depth = 0;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < inner.size(); ++at) {
        if (inner[at] == '\\')
            ++at;
        else if (inner[at] == '{')
            ++depth;
        else if (inner[at] == '}')
            --depth;
        else if (inner[at] == ',' && depth == 0) {
            parts.push_back(inner.substr(begin, at - begin));
            begin = at + 1;
        }
    }
    parts.push_back(inner.substr(std::min(begin, inner.size())));
    return parts;
}

/// The first brace outside of brackets; npos when there is none.
std::size_t find_brace(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '{') return at;
        if (text[at] == '\\')
            ++at;
        else if (const auto end = text[at] == '[' ? bracket_end(text, at) : text.npos; end != text.npos)
            at = end;
    }
    return text.npos;
}

/// Patterns without braces. One round replaces each pattern's first brace.
Expected<std::vector<std::string>> expand_braces(std::string_view pattern) {
    std::vector<std::string> waiting{std::string{pattern}};
    std::vector<std::string> done;
    while (!waiting.empty()) {
        const auto text = std::move(waiting.back());
        waiting.pop_back();
        const auto begin = find_brace(text);
        if (begin == text.npos) {
            done.push_back(text);
            continue;
        }
        const auto end = brace_end(text, begin);
        if (end == text.npos) return refuse("the pattern has a { that is not closed");
        for (const auto part : parts_of_brace(std::string_view{text}.substr(begin + 1, end - begin - 1)))
            waiting.push_back(fmt::format("{}{}{}", text.substr(0, begin), part, text.substr(end + 1)));
        if (waiting.size() + done.size() > most_alternatives)
            return refuse(fmt::format("the pattern has more than {} alternatives", most_alternatives));
    }
    return done;
}

Expected<std::vector<std::string>> split_steps(std::string_view pattern) {
    std::vector<std::string> steps;
    for (const auto step : core::split(pattern, '/')) {
        if (step.empty() || step == ".") continue;
        if (step == "..") return refuse("a pattern cannot go up with ..");
        for (std::size_t at = 0; at < step.size(); ++at) {
            if (step[at] == '\\')
                ++at;
            else if (step[at] == '[') {
                at = bracket_end(step, at);
                if (at == step.npos) return refuse("the pattern has a [ that is not closed");
            }
        }
        steps.emplace_back(step);
        if (steps.size() > most_steps) return refuse("the pattern has too many steps");
    }
    if (steps.empty()) return refuse("the pattern is empty");
    return steps;
}

/// How many bytes the character at `at` has.
std::size_t character_size(std::string_view text, std::size_t at) {
    std::size_t size = 1;
    while (at + size < text.size() && (static_cast<unsigned char>(text[at + size]) & 0xc0) == 0x80) ++size;
    return size;
}

bool is_in_bracket(std::string_view set, std::string_view character) {
    const bool is_negated = set.starts_with('!') || set.starts_with('^');
    if (is_negated) set.remove_prefix(1);
    bool is_found = false;
    for (std::size_t at = 0; at < set.size();) {
        const auto low = set.substr(at, character_size(set, at));
        at += low.size();
        auto high = low;
        if (at + 1 < set.size() && set[at] == '-') {
            high = set.substr(at + 1, character_size(set, at + 1));
            at += 1 + high.size();
        }
        // UTF-8 keeps the order of code points.
        if (low <= character && character <= high) is_found = true;
    }
    return is_found != is_negated;
}

/// How much of `pattern` at `at` the character matches: its size there, or nothing.
std::optional<std::size_t> match_one(std::string_view pattern, std::size_t at, std::string_view character) {
    if (pattern[at] == '?') return 1;
    if (pattern[at] == '[') {
        const auto end = bracket_end(pattern, at);
        if (!is_in_bracket(pattern.substr(at + 1, end - at - 1), character)) return std::nullopt;
        return end + 1 - at;
    }
    const std::size_t escape = pattern[at] == '\\' && at + 1 < pattern.size() ? 1 : 0;
    if (!pattern.substr(at + escape).starts_with(character)) return std::nullopt;
    return escape + character.size();
}

/// One step against one name; only the last star has to be tried again.
bool matches_step(std::string_view pattern, std::string_view name, bool matches_hidden) {
    if (name.starts_with('.') && !pattern.starts_with('.') && !matches_hidden) return false;
    std::size_t in_pattern = 0;
    std::size_t in_name = 0;
    std::size_t star = pattern.npos;
    std::size_t star_name = 0;
    while (in_name < name.size()) {
        if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
            star = in_pattern++;
            star_name = in_name;
            continue;
        }
        const auto character = name.substr(in_name, character_size(name, in_name));
        const auto matched = in_pattern < pattern.size() ? match_one(pattern, in_pattern, character)
                                                         : std::optional<std::size_t>{};
        if (matched) {
            in_pattern += *matched;
            in_name += character.size();
        } else if (star != pattern.npos) {
            in_pattern = star + 1;
            in_name = star_name += character_size(name, star_name);
        } else {
            return false;
        }
    }
    while (in_pattern < pattern.size() && pattern[in_pattern] == '*') ++in_pattern;
    return in_pattern == pattern.size();
}

}  // namespace

Expected<Glob> Glob::parse(std::string_view pattern, bool matches_hidden) {
    auto expanded = expand_braces(pattern);
    if (!expanded) return std::unexpected{expanded.error()};
    Glob glob;
    glob.matches_hidden_ = matches_hidden;
    for (const auto& alternative : *expanded) {
        auto steps = split_steps(alternative);
        if (!steps) return std::unexpected{steps.error()};
        glob.alternatives_.push_back(std::move(*steps));
    }
    return glob;
}

std::vector<bool> Glob::follow(const Steps& steps, std::string_view path) const {
    // Behind a ** its own step stays possible, and the one after it is too.
    const auto close = [&](std::vector<bool>& states) {
        for (std::size_t i = 0; i < steps.size(); ++i)
            if (states[i] && steps[i] == "**") states[i + 1] = true;
    };
    std::vector<bool> states(steps.size() + 1, false);
    states[0] = true;
    close(states);
    if (path.empty()) return states;
    for (const auto name : core::split(path, '/')) {
        std::vector<bool> next(steps.size() + 1, false);
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if (!states[i]) continue;
            if (steps[i] == "**")
                next[i] = next[i] || matches_hidden_ || !name.starts_with('.');
            else if (matches_step(steps[i], name, matches_hidden_))
                next[i + 1] = true;
        }
        close(next);
        states = std::move(next);
    }
    return states;
}

bool Glob::matches(std::string_view path) const {
    return std::ranges::any_of(alternatives_,
                               [&](const Steps& steps) -> bool { return follow(steps, path)[steps.size()]; });
}

bool Glob::may_match_below(std::string_view path) const {
    return std::ranges::any_of(alternatives_, [&](const Steps& steps) {
        const auto states = follow(steps, path);
        return std::find(states.begin(), states.end() - 1, true) != states.end() - 1;
    });
}

Expected<Glob> parse_filter(std::string_view pattern, bool matches_hidden) {
    if (pattern.contains('/')) return Glob::parse(pattern, matches_hidden);
    return Glob::parse(fmt::format("**/{}", pattern), matches_hidden);
}

}  // namespace carrel::desk::files
