#include "desk/init/voice.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "core/desk_log.hpp"
#include "core/sys.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using desk::init::Attention;
using desk::init::LineCutter;
using desk::init::Voice;

namespace {

struct Heard {
    std::vector<std::string> lines;
    LineCutter::Say say() {
        return [this](std::string_view line) { lines.emplace_back(line); };
    }
};

}  // namespace

TEST_CASE("Bytes become lines, however they come; an endless line costs no memory") {
    Heard heard;
    LineCutter cutter;
    for (const auto* piece : {"one\ntw", "o", "\n\n\nthree"}) cutter.push(piece, heard.say());
    CHECK(heard.lines == std::vector<std::string>{"one", "two"});
    cutter.finish(heard.say());
    cutter.finish(heard.say());
    CHECK(heard.lines.back() == "three");
    for (int i = 0; i < 100; ++i) cutter.push(std::string(10'000, 'x'), heard.say());
    CHECK(heard.lines.size() == 3);
    cutter.push("\nnext\n", heard.say());
    REQUIRE(heard.lines.size() == 5);
    CHECK(heard.lines[3].size() == core::longest_log_text);
    CHECK(heard.lines[4] == "next");
}

TEST_CASE("Who says too much within a second is not heard until it is over, and that is told") {
    Attention attention;
    const Attention::Time start{1h};
    CHECK(attention.take(1'000, start) == 1'000);
    const auto rest = attention.take(1'000'000, start + 1ms);
    CHECK(rest < 100'000);
    CHECK(attention.take(500, start + 999ms) == 0);
    CHECK(attention.take_missed(start + 999ms) == 0);
    CHECK(attention.take_missed(start + 1s) == 1'000'500 - rest);
    CHECK(attention.take_missed(start + 1s) == 0);
    CHECK(attention.take(500, start + 1s) == 500);
}

TEST_CASE("A voice is drained whoever floods it, and ends with its program's last words") {
    Heard heard;
    Voice voice{heard.say()};
    // Nobody reads before the pipe is full, so each of these would wait for ever if it were not drained.
    for (int i = 0; i < 200; ++i) {
        core::write_all(voice.writer(), std::string(40'000, 'x') + "\n");
        voice.listen();
    }
    CHECK(heard.lines.size() < 50);
    Voice quiet{heard.say()};
    core::write_all(quiet.writer(), "I cannot open the dis");
    quiet.listen();
    core::write_all(quiet.writer(), "play");
    quiet.finish();
    CHECK(heard.lines.back() == "I cannot open the display");
    quiet.listen();  // with nothing there it does not wait
}
