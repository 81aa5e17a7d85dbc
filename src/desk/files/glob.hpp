// Patterns of paths. Pure, and in time that is bounded by pattern × path, whatever they hold.
//
// `*` is any text within a name, `?` one character, `[a-z]` and `[!a]` one of several, `{a,b}` either, `**`
// as a whole step any number of directories, `\` takes a sign's meaning away. A name that begins with a dot
// is matched only by a step that does so too, unless hidden ones are wanted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace carrel::desk::files {

class Glob {
public:
    /// Refuses a bracket or brace that is not closed, and more than 64 alternatives.
    static core::Expected<Glob> parse(std::string_view pattern, bool matches_hidden);

    /// Whether the pattern is that of this relative path ("a/b.txt").
    bool matches(std::string_view path) const;
    /// Whether anything below the directory `path` could match; "" is where the pattern begins.
    bool may_match_below(std::string_view path) const;

private:
    using Steps = std::vector<std::string>;
    /// Which steps may come next after those of `path`; the number of steps stands for the end.
    std::vector<bool> follow(const Steps& steps, std::string_view path) const;

    std::vector<Steps> alternatives_;
    bool matches_hidden_ = false;
};

/// The pattern as a filter of names at any depth: without a slash it begins anywhere.
core::Expected<Glob> parse_filter(std::string_view pattern, bool matches_hidden);

}  // namespace carrel::desk::files
