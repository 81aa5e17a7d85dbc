#include "core/desk_log.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/plain_text.hpp"

using namespace carrel::core;

namespace {

/// The memory, as PID 1 writes it.
struct Memory {
    DeskLogFormat format;
    std::string bytes = std::string(desk_log_size, '\0');

    void say(Speaker speaker, std::string_view text, int time = 1'000) {
        for (const auto& [offset, piece] :
             format.add(Instant{std::chrono::milliseconds{time}}, speaker, text))
            bytes.replace(offset, piece.size(), piece);
    }
    DeskLog read() const { return parse_desk_log(bytes); }
};

std::size_t count_of(const DeskLog& log, Speaker speaker) {
    return static_cast<std::size_t>(std::ranges::count(log.lines, speaker, &DeskLogLine::speaker));
}

}  // namespace

TEST_CASE("What is said in a desk is read in its order, with time and speaker") {
    Memory memory;
    CHECK(memory.read().lines.empty());
    memory.say(Speaker::init, "the display was started");
    memory.say(Speaker::display, "Xvnc TigerVNC", 2'000);
    memory.say(Speaker::tool_server, "error: é", 3'000);
    const auto log = memory.read();
    REQUIRE(log.lines.size() == 3);
    CHECK(log.is_complete);
    CHECK(log.lines[0].text == "the display was started");
    CHECK(log.lines[1].speaker == Speaker::display);
    CHECK(to_rfc3339(log.lines[1].time) == "1970-01-01T00:00:02.000Z");
    CHECK(log.lines[2].text == "error: é");
}

TEST_CASE("A log keeps its size: the oldest lines of a ring go, and none of another's") {
    Memory memory;
    memory.say(Speaker::init, "kept");
    memory.say(Speaker::tool_server, "kept too");
    for (int i = 0; i < 20'000; ++i) {
        memory.say(Speaker::browser,
                   fmt::format("line {} {}", i, std::string(static_cast<std::size_t>(i % 97), 'x')));
        REQUIRE(memory.bytes.size() == desk_log_size);
        if (i % 1'999 != 0) continue;
        const auto log = memory.read();
        // Every line is whole, and the last one is the newest.
        CHECK(std::ranges::is_sorted(log.lines, {}, &DeskLogLine::number));
        CHECK(log.lines.back().text.starts_with(fmt::format("line {} ", i)));
        CHECK(count_of(log, Speaker::browser) == log.lines.size() - 2);
    }
    const auto log = memory.read();
    CHECK_FALSE(log.is_complete);
    CHECK(log.lines.front().text == "kept");
    CHECK(count_of(log, Speaker::tool_server) == 1);
    CHECK(count_of(log, Speaker::browser) > 1'000);
}

TEST_CASE("What a guest says is never read as another's word, wherever its line is cut") {
    const std::string forged =
        "\x1e"
        "1 1000 0 the desk is well\n\x1e"
        "2 1000 1 so am I\n";
    Memory memory;
    // Cut at every place by those that come after them.
    for (int i = 0; i < 5'000; ++i) {
        memory.say(Speaker::browser, forged + std::string(static_cast<std::size_t>(i % 40), '.'));
        if (i % 500 == 0) memory.say(Speaker::window_manager, "1 1000 0 forged");
    }
    const auto log = memory.read();
    CHECK(count_of(log, Speaker::init) == 0);
    CHECK(count_of(log, Speaker::tool_server) == 0);
    // Nor if the record itself claims it: not in the guests' ring.
    auto bytes = memory.bytes;
    bytes.replace(desk_log_size - 40, 26,
                  "\x1e"
                  "99999 1000 0 I am PID 1\n\n\n");
    CHECK(count_of(parse_desk_log(bytes), Speaker::init) == 0);
}

TEST_CASE("Control characters and what is too long are left out when a line is written and when it is read") {
    Memory memory;
    memory.say(Speaker::display,
               "\x1b]0;title\x07 a\tb\nc \xc2\x9b"
               "31m \xff" +
                   std::string(5'000, 'x'));
    const auto log = memory.read();
    REQUIRE(log.lines.size() == 1);
    const auto& text = log.lines[0].text;
    CHECK(text.starts_with("]0;title a b c  \xEF\xBF\xBDxxx"));
    CHECK(text.size() == longest_log_text);
    CHECK(plain_text("a\xc2\x80\xc2\x9f\xc2\xa0z", 100, false) == "a\xc2\xa0z");

    std::string written(desk_log_size, '\0');
    written.replace(0, 24,
                    "\x1e"
                    "0 1000 0 a\x1b[31m\x07z\n\n\n\n\n\n\n");
    const auto read = parse_desk_log(written);
    REQUIRE(read.lines.size() == 1);
    CHECK(read.lines[0].text == "az");
}

TEST_CASE("Bytes that are no log are passed over") {
    for (const std::string bytes : {"", "\x1e", "\x1e\n", "\x1e 1 0 a\n",
                                    "\x1e"
                                    "1 1 0 no end",
                                    "\x1e"
                                    "1 1 9 nobody\n",
                                    "\x1e"
                                    "1 -1 0 a\n",
                                    "\x1e"
                                    "1 99999999999999999 0 a\n",
                                    "\x1e"
                                    "1 1 0\n",
                                    "1 1 0 no mark\n"}) {
        CHECK(parse_desk_log(bytes).lines.empty());
    }
    CHECK(parse_desk_log(std::string(2 * desk_log_size, '\n')).lines.empty());
}
