#include "image/recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "jail/wire/image.hpp"

namespace carrel::image {

namespace {

using Words = std::vector<std::string_view>;
/// What is wrong with a line, or empty.
using Complaint = std::string;

bool is_one_of(char letter, std::string_view more) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
           more.find(letter) != std::string_view::npos;
}

/// Debian Policy 5.6.1: lower case letters, digits, plus, minus and full stops.
bool is_package_name(std::string_view name) {
    return name.size() >= 2 && is_one_of(name.front(), "") &&
           std::ranges::all_of(name, [](char letter) { return is_one_of(letter, "+-."); });
}

bool is_program_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char letter) { return is_one_of(letter, "-_"); });
}

/// Absolute, without `.`, `..` and empty parts. Such a path needs no quoting but for its letters.
bool is_clean_path(std::string_view path, std::string_view more_letters) {
    if (path.size() < 2 || path.front() != '/') return false;
    for (const auto part : core::split(path.substr(1), '/')) {
        if (part.empty() || part == "." || part == "..") return false;
        for (const char letter : part)
            if (!is_one_of(letter, more_letters) && !(letter >= 'A' && letter <= 'Z')) return false;
    }
    return true;
}

constexpr std::string_view path_letters = "._-+@";
constexpr std::string_view pattern_letters = "._-+@*?";

bool read_mode(std::string_view text, mode_t& mode) {
    if (text.size() != 4 || text.front() != '0') return false;
    mode = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '7') return false;
        mode = mode * 8 + static_cast<mode_t>(digit - '0');
    }
    return true;
}

constexpr std::string_view mode_wanted = "a mode is four octal digits, such as 0644, not '{}'";
constexpr std::string_view path_wanted = "a path is absolute, without '..', not '{}'";

Complaint complain(std::string_view format, std::string_view word) {
    return fmt::format(fmt::runtime(format), word);
}

Complaint read_suite(const Words& words, Recipe& recipe) {
    if (!recipe.suite.empty()) return fmt::format("the suite is already '{}'", recipe.suite);
    if (words.size() != 1 || !is_package_name(words[0])) return "'suite' takes one name, such as bookworm";
    recipe.suite = words[0];
    return {};
}

Complaint read_from(const Words& words, Recipe& recipe) {
    if (!recipe.base.empty()) return fmt::format("the image stands on '{}' already", recipe.base);
    if (words.size() != 1 || !jail::wire::is_image_name(words[0]))
        return "'from' takes the name of one image, such as desktop";
    recipe.base = words[0];
    return {};
}

Complaint read_display(const Words& words, Recipe& recipe) {
    if (words.size() != 1 || words[0] != "none")
        return "'display' takes the word none; an image with a display needs no such line";
    recipe.has_no_display = true;
    return {};
}

Complaint read_packages(const Words& words, Recipe& recipe) {
    for (const auto word : words) {
        if (!is_package_name(word)) return complain("'{}' is not a name of a package", word);
        if (std::ranges::find(recipe.packages, word) != recipe.packages.end())
            return complain("the package '{}' stands twice", word);
        recipe.packages.emplace_back(word);
    }
    return {};
}

Complaint read_patterns(const Words& words, std::vector<std::string>& patterns) {
    for (const auto word : words) {
        if (!is_clean_path(word, pattern_letters)) return complain(path_wanted, word);
        patterns.emplace_back(word);
    }
    return {};
}
Complaint read_exclude(const Words& words, Recipe& recipe) { return read_patterns(words, recipe.excluded); }
Complaint read_keep(const Words& words, Recipe& recipe) { return read_patterns(words, recipe.kept); }

Complaint read_file_step(const Words& words, Recipe& recipe) {
    PutFile step;
    if (words.size() != 2) return "'file' takes a mode and a path";
    if (!read_mode(words[0], step.mode)) return complain(mode_wanted, words[0]);
    if (!is_clean_path(words[1], path_letters)) return complain(path_wanted, words[1]);
    step.path = words[1];
    recipe.steps.emplace_back(std::move(step));
    return {};
}

Complaint read_program_step(const Words& words, Recipe& recipe) {
    PutProgram step;
    if (words.size() != 3) return "'program' takes a mode, a program's name and a path";
    if (!read_mode(words[0], step.mode)) return complain(mode_wanted, words[0]);
    if (!is_program_name(words[1])) return complain("'{}' is not a name of a program", words[1]);
    if (!is_clean_path(words[2], path_letters)) return complain(path_wanted, words[2]);
    step.name = words[1];
    step.path = words[2];
    recipe.steps.emplace_back(std::move(step));
    return {};
}

struct Keyword {
    std::string_view name;
    Complaint (*read)(const Words& words, Recipe& recipe);
};
constexpr std::array<Keyword, 8> keywords{{{"suite", read_suite},
                                           {"from", read_from},
                                           {"display", read_display},
                                           {"packages", read_packages},
                                           {"exclude", read_exclude},
                                           {"keep", read_keep},
                                           {"file", read_file_step},
                                           {"program", read_program_step}}};

Complaint unknown_word(std::string_view word) {
    std::vector<std::string> known{"run"};
    for (const auto& keyword : keywords) known.emplace_back(keyword.name);
    const auto near = core::nearest(word, known);
    return near ? fmt::format("'{}' is unknown; did you mean '{}'?", word, *near)
                : fmt::format("'{}' is unknown; a line starts with one of {}", word, fmt::join(known, ", "));
}

Complaint read_line(std::string_view line, Recipe& recipe) {
    const auto word = line.substr(0, line.find(' '));
    const auto rest = core::trim(line.substr(word.size()));
    if (rest.empty()) return fmt::format("'{}' needs something after it", word);
    if (word == "run") {
        recipe.steps.emplace_back(RunCommand{std::string{rest}});
        return {};
    }
    for (const auto& keyword : keywords)
        if (keyword.name == word) return keyword.read(core::words_of(rest), recipe);
    return unknown_word(word);
}

/// A control character would be invisible in a review, and could end a line of a later script.
bool has_control_character(std::string_view line) {
    return std::ranges::any_of(line,
                               [](char letter) { return (letter >= 0 && letter < ' ') || letter == 127; });
}

}  // namespace

core::Expected<Recipe> parse_recipe(std::string_view text) {
    if (!core::is_utf8(text)) return core::refuse("the recipe is not UTF-8");
    Recipe recipe;
    std::size_t number = 0;
    for (const auto raw : core::split(text, '\n')) {
        ++number;
        if (has_control_character(raw))
            return core::refuse(fmt::format("line {}: control characters and tabs are not allowed", number));
        const auto line = core::trim(raw);
        if (line.empty() || line.front() == '#') continue;
        if (auto complaint = read_line(line, recipe); !complaint.empty())
            return core::refuse(fmt::format("line {}: {}", number, complaint));
    }
    if (recipe.suite.empty() && recipe.base.empty())
        return core::refuse(
            "the recipe names no suite; add a line 'suite bookworm', or 'from desktop' to stand on an image");
    if (!recipe.suite.empty() && !recipe.base.empty())
        return core::refuse(fmt::format("an image on '{}' has its suite; take out the line 'suite {}'",
                                        recipe.base, recipe.suite));
    return recipe;
}

}  // namespace carrel::image
