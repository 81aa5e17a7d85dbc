#include "desk/background/output_log.hpp"

#include <doctest/doctest.h>

using namespace carrel::desk;
using namespace carrel::desk::background;

namespace {

constexpr auto chunk = OutputLog::chunk_bytes;

/// `count` letters that differ by their place.
std::string letters(std::size_t from, std::size_t count) {
    std::string text(count, ' ');
    for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + (from + i) % 23);
    return text;
}

}  // namespace

TEST_CASE("what was printed can be read again from anywhere, in pieces of any size") {
    OutputLog log{10 * chunk};
    CHECK(log.read(0, 10) == "");
    for (std::size_t at = 0; at < 3 * chunk + 7;) {
        const auto count = std::min<std::size_t>(at % 900 + 1, 3 * chunk + 7 - at);
        log.add(letters(at, count));
        at += count;
    }
    CHECK(log.begin() == 0);
    CHECK(log.end() == 3 * chunk + 7);
    CHECK(log.read(0, 1 << 20) == letters(0, 3 * chunk + 7));
    CHECK(log.read(chunk - 3, 6) == letters(chunk - 3, 6));
    CHECK(log.read(3 * chunk, 100) == letters(3 * chunk, 7));
    CHECK(log.read(log.end(), 5) == "");
}

TEST_CASE("the newest are kept, at least as many as the limit says and at most a chunk more") {
    OutputLog log{2 * chunk};
    for (std::size_t at = 0; at < 100 * chunk; at += 1000) {
        log.add(letters(at, 1000));
        CHECK(log.end() == at + 1000);
        CHECK(log.kept() < 3 * chunk);
        CHECK(log.kept() >= std::min<std::size_t>(at + 1000, 2 * chunk));
    }
    CHECK(log.read(log.begin(), log.kept()) == letters(log.begin(), log.kept()));
    log.drop_oldest();
    CHECK(log.read(log.begin(), 50) == letters(log.begin(), 50));
    for (int i = 0; i < 10; ++i) log.drop_oldest();
    CHECK(log.kept() == 0);
    CHECK(log.begin() == log.end());
    log.add("on");
    CHECK(log.read(log.begin(), 50) == "on");
}

TEST_CASE("a piece says what is missing before it") {
    OutputLog log{chunk};
    log.add(letters(0, 5 * chunk));
    const auto piece = read_piece(log, {.offset = 10, .limit = 4}, false);
    CHECK(piece.offset == log.begin());
    CHECK(piece.dropped == log.begin() - 10);
    CHECK(piece.bytes == letters(log.begin(), 4));
    CHECK(piece.next() == log.begin() + 4);
}

TEST_CASE("text is never cut within a character, unless that is all there will ever be") {
    OutputLog log{chunk};
    log.add("a\xE2\x82");  // the beginning of a euro sign
    struct Case {
        std::size_t limit;
        bool is_text;
        bool has_ended;
        std::string bytes;
    };
    for (const auto& test : {Case{100, true, false, "a"}, Case{100, false, false, "a\xE2\x82"},
                             Case{100, true, true, "a\xE2\x82"}, Case{2, true, true, "a"}})
        CHECK(read_piece(log, {0, test.limit, test.is_text}, test.has_ended).bytes == test.bytes);
    CHECK(read_piece(log, {1, 100, true}, false).bytes == "");
    log.add("\xAC");
    CHECK(read_piece(log, {1, 4, true}, false).bytes == "\xE2\x82\xAC");
}
