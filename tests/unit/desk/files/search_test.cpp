#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "desk/files/search.hpp"

using namespace carrel::desk;
using namespace carrel::desk::files;

namespace {

LineSearch search_for(GrepWish wish) {
    auto search = LineSearch::make(wish);
    REQUIRE(search);
    return std::move(*search);
}

std::vector<std::size_t> lines_of(LineSearch& search, std::string_view text, std::size_t piece) {
    search.begin();
    while (!text.empty() && search.push(text.substr(0, piece)))
        text.remove_prefix(std::min(piece, text.size()));
    search.finish();
    std::vector<std::size_t> numbers;
    for (const auto& match : search.matches()) numbers.push_back(match.line);
    return numbers;
}

}  // namespace

TEST_CASE("lines that match are found, in pieces of any size") {
    const std::string text = "alpha\nbeta\r\n\nalphabet\nlast";
    using Numbers = std::vector<std::size_t>;
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, text.size()}) {
        CAPTURE(piece);
        auto plain = search_for({.pattern = "alpha"});
        CHECK(lines_of(plain, text, piece) == Numbers{1, 4});
        auto ends = search_for({.pattern = "a$"});
        CHECK(lines_of(ends, text, piece) == Numbers{1, 2});
        auto empty = search_for({.pattern = "^$"});
        CHECK(lines_of(empty, text, piece) == Numbers{3});
        auto last = search_for({.pattern = "LAST", .ignore_case = true});
        CHECK(lines_of(last, text, piece) == Numbers{5});
        auto literal = search_for({.pattern = "a$", .literal = true});
        CHECK(lines_of(literal, text, piece).empty());
    }
}

TEST_CASE("lines around a match are told, also where matches are near each other") {
    auto search = search_for({.pattern = "x", .context = 1});
    lines_of(search, "1\n2x\n3x\n4\n5\n", 3);
    const auto& matches = search.matches();
    REQUIRE(matches.size() == 2);
    CHECK(matches[0].before == std::vector<std::string>{"1"});
    CHECK(matches[0].after == std::vector<std::string>{"3x"});
    CHECK(matches[1].before == std::vector<std::string>{"2x"});
    CHECK(matches[1].after == std::vector<std::string>{"4"});
}

TEST_CASE("binary texts and enough matches end the search") {
    auto search = search_for({.pattern = "a"});
    CHECK(lines_of(search, std::string_view{"a\na\0b", 5}, 100).empty());
    CHECK(search.is_binary());
    auto few = search_for({.pattern = "a", .limit = 2});
    std::string many;
    for (int i = 0; i < 100; ++i) many += "a\n";
    CHECK(lines_of(few, many, 10).size() == 3);
}

TEST_CASE("what is told of a line is bounded, and what is no UTF-8 is repaired") {
    auto search = search_for({.pattern = "needle"});
    lines_of(search, "\xff needle " + std::string(5'000'000, 'x') + " needle", 100'000);
    REQUIRE_FALSE(search.matches().empty());
    CHECK(search.matches()[0].text.size() < 1100);
    CHECK(search.matches()[0].text.starts_with("\uFFFD needle"));
}

TEST_CASE("expressions that are none are refused, and hostile ones end") {
    for (const std::string pattern : {"(", "a{2,1}", "(a)\\1", "(?=a)", "((a{100}){100}){100}"}) {
        CAPTURE(pattern);
        CHECK_FALSE(LineSearch::make({.pattern = pattern}));
    }
    auto hostile = search_for({.pattern = "^(a+)+$"});
    CHECK(lines_of(hostile, std::string(100'000, 'a') + "b", 1 << 20).empty());
}

TEST_CASE("a line that is searched in parts is one line, which matches once and as a whole") {
    const std::string long_line(3'000'000, 'x');
    const auto text =
        "one\n" + long_line + "needle" + long_line + "needle\nthree needle\n" + long_line + "\nlast";
    using Numbers = std::vector<std::size_t>;
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{262'144}, text.size()}) {
        CAPTURE(piece);
        const auto found = [&](const char* pattern, std::size_t context = 0) {
            auto search = search_for({.pattern = pattern, .context = context});
            return lines_of(search, text, piece);
        };
        CHECK(found("needle") == Numbers{2, 3});
        CHECK(found("^three|last$") == Numbers{3, 5});
        // Where a part begins or ends, no line does.
        CHECK(found("^x") == Numbers{2, 4});
        CHECK(found("e$") == Numbers{1, 2, 3});
        CHECK(found("^$").empty());
        CHECK(found("\\bneedle\\b", 2) == Numbers{3});
    }
    // Whatever part of the text the border falls on.
    for (std::size_t before = (1 << 20) - 8; before < (1 << 20) + 8; ++before) {
        auto search = search_for({.pattern = "needle"});
        CHECK(lines_of(search, std::string(before, 'x') + "needle" + std::string(9, 'x'), 1000) ==
              Numbers{1});
    }
    auto around = search_for({.pattern = "needle", .context = 1});
    lines_of(around, text, 4096);
    REQUIRE(around.matches().size() == 2);
    CHECK(around.matches()[0].before == std::vector<std::string>{"one"});
    CHECK(around.matches()[0].after == std::vector<std::string>{"three needle"});
    CHECK(around.matches()[1].before.size() == 1);
}
