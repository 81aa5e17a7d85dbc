#include <doctest/doctest.h>

#include <string>

#include "desk/files/glob.hpp"

using namespace carrel;
using desk::files::Glob;

namespace {

bool matches(std::string_view pattern, std::string_view path, bool hidden = false) {
    const auto glob = Glob::parse(pattern, hidden);
    REQUIRE_MESSAGE(glob, pattern);
    return glob->matches(path);
}

}  // namespace

TEST_CASE("a pattern matches the paths that it means and no others") {
    struct Case {
        const char* pattern;
        const char* path;
        bool is_match;
    };
    for (const auto& [pattern, path, is_match] : {
             Case{"*.txt", "a.txt", true},
             {"*.txt", "a.txt.gz", false},
             {"*.txt", "b/a.txt", false},
             {"a?c", "abc", true},
             {"a?c", "a\u00e9c", true},
             {"a?c", "ac", false},
             {"*", "anything", true},
             {"*", "a/b", false},
             {"**", "a/b/c", true},
             {"**/*.txt", "a.txt", true},
             {"**/*.txt", "x/y/z/a.txt", true},
             {"src/**/test/*.c", "src/test/a.c", true},
             {"src/**/test/*.c", "src/x/y/test/a.c", true},
             {"src/**/test/*.c", "src/x/y/a.c", false},
             {"a/**", "a", true},
             {"a/**", "a/b/c", true},
             {"a/**", "ab/c", false},
             {"[a-c]x", "bx", true},
             {"[a-c]x", "dx", false},
             {"[!a-c]x", "dx", true},
             {"[!a-c]x", "bx", false},
             {"[]x]", "]", true},
             {"[\u00e0-\u00ff]", "\u00e9", true},
             {"{a,b}.txt", "b.txt", true},
             {"{a,b}.txt", "c.txt", false},
             {"{a,b/{c,d}}/x", "b/d/x", true},
             {"{a,b/{c,d}}/x", "b/x", false},
             {"{,x}y", "y", true},
             {"\\*", "*", true},
             {"\\*", "a", false},
             {"\\{a", "{a", true},
             {"\\[a{b,c}\\].txt", "[ac].txt", true},
             {"\\[a{b,c}\\].txt", "a.txt", false},
             {"\\[a{b,c}\\].txt", "[a{b,c}].txt", false},
             {"[{]{b,c}", "{c", true},
             {"\\\\[{]{b,c}", "\\{c", true},
             {"./a//b", "a/b", true},
             {"*a*b*c", "xxaxxbxxc", true},
             {"*a*b*c", "xxaxxbxx", false},
             {"\xff*", "\xffz", true},
         }) {
        CAPTURE(pattern);
        CAPTURE(path);
        CHECK(matches(pattern, path) == is_match);
    }
}

TEST_CASE("hidden names are matched by a dot, or when they are wanted") {
    CHECK_FALSE(matches("*", ".a"));
    CHECK_FALSE(matches("**/x", ".git/x"));
    CHECK(matches(".*", ".a"));
    CHECK(matches("*", ".a", true));
    CHECK(matches("**/x", ".git/x", true));
}

TEST_CASE("a directory is gone into only when something below could match") {
    const auto glob = Glob::parse("src/*/x/**/y", false);
    REQUIRE(glob);
    CHECK(glob->may_match_below(""));
    CHECK(glob->may_match_below("src"));
    CHECK_FALSE(glob->may_match_below("lib"));
    CHECK(glob->may_match_below("src/a/x/deep/er"));
    CHECK_FALSE(glob->may_match_below("src/a/z"));
    CHECK_FALSE(Glob::parse("*.txt", false)->may_match_below("a"));
}

TEST_CASE("a pattern that is none is refused") {
    std::string many;
    for (int i = 0; i < 10; ++i) many += "{a,b}";
    for (const auto& pattern : {std::string{"[a"}, std::string{"{a,b"}, std::string{""},
                                std::string{"a/../b"}, many, std::string(1000, '/') + "{"})
        CHECK_FALSE(Glob::parse(pattern, false));
}

TEST_CASE("hostile patterns cost no more than pattern times path") {
    const std::string name(2000, 'a');
    std::string stars;
    for (int i = 0; i < 200; ++i) stars += "*a";
    CHECK_FALSE(matches(stars + "b", name));
    std::string steps;
    std::string path;
    for (int i = 0; i < 100; ++i) {
        steps += "**/a/";
        path += "a/";
    }
    CHECK_FALSE(matches(steps + "b", path + "a"));
}

TEST_CASE("a filter without a slash looks at names at any depth") {
    CHECK(desk::files::parse_filter("*.txt", true)->matches("a/b/c.txt"));
    CHECK_FALSE(desk::files::parse_filter("a/*.txt", true)->matches("b/a/c.txt"));
}
