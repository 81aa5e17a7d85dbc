#include "core/plain_text.hpp"

#include <doctest/doctest.h>

#include "core/text.hpp"

using namespace carrel::core;

namespace {

/// Beginnings of terminals' sequences, turned text, line ends: all that a stranger could disturb a reader
/// with.
const std::string hostile =
    "a\x1b]0;b\x07"
    "c\r\nd\te\x7f"
    "f\xc2\x9b"
    "2Jg\xe2\x80\xae"
    "h\xe2\x80\xa8i\xe2\x81\xa6j\xd8\x9ck\xff"
    "l\xc3\xa4\xf0\x9f\x98\x80";

}  // namespace

TEST_CASE("plain text has no character that controls, and keeps all others") {
    CHECK(plain_text(hostile, 1000, false) == "a]0;bc d efghijk\xef\xbf\xbdl\xc3\xa4\xf0\x9f\x98\x80");
    CHECK(plain_text("a\nb\tc\0d", 1000, true) == "a\nb c");
    CHECK(plain_text("\xc3\xa4\xc3\xa4", 3, false) == "\xc3\xa4");
    CHECK(plain_text("\x1b[1;34mblue\x1b[0m\x1b[K, \x1b[?25l\x1b[2 qplain", 1000, false) == "blue, plain");
    CHECK(plain_text("\x1b[\x1b[\x1b[31", 1000, false) == "[[[31");
    CHECK(plain_text("\x1b[3\xc3\xa4", 1000, false) == "[3\xc3\xa4");
    CHECK(plain_text("\x1b[m", 1000, false).empty());
}

TEST_CASE("visible text says what stood there, on one line") {
    CHECK(visible_text(hostile, false) ==
          R"(a\x1b]0;b\x07c\r\nd\te\x7ff\u{9b}2Jg\u{202e}h\u{2028}i\u{2066}j\u{61c}k\xffl)"
          "\xc3\xa4\xf0\x9f\x98\x80");
    CHECK(visible_text("one\ntwo\tthree\r\n", true) == "one\ntwo\tthree\\r\n");
    CHECK(visible_text("nothing special", false) == "nothing special");
    CHECK(visible_text("", false).empty());
}

TEST_CASE("a character that is cut at the end of a piece is known by its beginning") {
    const std::string_view grin = "\xf0\x9f\x98\x80";
    for (std::size_t size = 1; size < grin.size(); ++size) {
        CHECK(cut_character(grin.substr(0, size)) == size);
        CHECK(cut_character("ab" + std::string{grin.substr(0, size)}) == size);
    }
    for (const auto* whole : {"", "a", "\xc3\xa4", "\xf0\x9f\x98\x80", "\x80\x80\x80\x80"})
        CHECK(cut_character(whole) == 0);
}
