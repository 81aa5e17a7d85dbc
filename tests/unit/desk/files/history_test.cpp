#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "desk/files/history.hpp"

using namespace carrel::desk;
using namespace carrel::desk::files;

TEST_CASE("an edit is taken back exactly, whatever it changed") {
    const std::string texts[]{"",
                              "a",
                              "b",
                              "ab",
                              "aab",
                              "one\ntwo\n",
                              "one\n2\n",
                              "one\nx\ntwo\n",
                              "aaaa",
                              "aaaaaa",
                              std::string("\0\xff", 2)};
    for (const auto& before : texts)
        for (const auto& after : texts) {
            CAPTURE(before);
            CAPTURE(after);
            CHECK(take_back(reverse_of(before, after), after) == before);
        }
}

TEST_CASE("a text that something else changed is not taken back") {
    const auto reverse = reverse_of("one two", "one 2");
    CHECK_FALSE(take_back(reverse, "one 3"));
    CHECK_FALSE(take_back(reverse, ""));
    CHECK_FALSE(take_back(reverse, "one 2 and more"));
}

TEST_CASE("only the changed part is kept") {
    const std::string large(100'000, 'x');
    CHECK(reverse_of(large + "a" + large, large + "b" + large).old_part == "a");
}

TEST_CASE("edits are taken back last first, each file on its own") {
    History history;
    history.remember("/a", reverse_of("1", "2"));
    history.remember("/b", reverse_of("x", "y"));
    history.remember("/a", reverse_of("2", "3"));
    CHECK(take_back(*history.find_last("/a"), "3") == "2");
    history.forget_last("/a");
    CHECK(take_back(*history.find_last("/a"), "2") == "1");
    history.forget_last("/a");
    CHECK(history.find_last("/a") == nullptr);
    CHECK(history.find_last("/b") != nullptr);
    history.forget_last("/none");
}

TEST_CASE("what is kept is bounded: the oldest goes") {
    History history{10'000};
    for (int i = 0; i < 100; ++i)
        history.remember("/f" + std::to_string(i), reverse_of(std::string(1000, 'x'), ""));
    CHECK(history.find_last("/f0") == nullptr);
    CHECK(history.find_last("/f99") != nullptr);
    history.remember("/large", reverse_of(std::string(20'000, 'x'), ""));
    CHECK(history.find_last("/large") == nullptr);
    History many;
    for (int i = 0; i < 1000; ++i) many.remember("/same", reverse_of("a", "b"));
    int count = 0;
    for (; many.find_last("/same"); ++count) many.forget_last("/same");
    CHECK(count == 200);
}
