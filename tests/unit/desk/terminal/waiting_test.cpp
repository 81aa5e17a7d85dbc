// Commands that ask on the terminal, shells that can run nothing any more, and standard input: with a real
// bash.
#include <doctest/doctest.h>

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "desk/terminal/prompt.hpp"
#include "desk/terminal/terminal.hpp"
#include "tests/unit/desk/terminal/harness.hpp"

using namespace carrel;
using namespace carrel::desk::test;
using namespace std::chrono_literals;
using desk::terminal::last_line;
using desk::terminal::parse_reading;
using desk::terminal::Run;
using desk::terminal::Terminal;

TEST_CASE("what a thread reads is told by the line of its system call") {
    CHECK(parse_reading("0 0x3 0x7ffd8523a700 0x2000 0x0 0x0 0x0 0x7ffd 0x7fee\n") == 3);
    CHECK(parse_reading("19 0x1f 0x7ffd8523a700 0x2") == 31);  // readv
    for (const auto* other : {"", "running", "-1 0x7ffd 0x7fee", "7 0x3 0x1", "0", "0 3 0x1", "0 0x",
                              "0 0xzz 1", "0 0x11111111111111111 0x1", "x 0x3"})
        CHECK_FALSE(parse_reading(other));
}

TEST_CASE("a prompt is the last line on the terminal, without what only moves cursors") {
    CHECK(last_line("") == "");
    CHECK(last_line("Password: ") == "Password: ");
    CHECK(last_line("The host is not known.\r\nGo on (yes/no)? ") == "Go on (yes/no)? ");
    CHECK(last_line("Wrong.\r\n\r\n") == "Wrong.");
    CHECK(last_line("\x1b[1;31mDelete\x1b[0m all? \x1b]0;title\x07") == "Delete all? ");
    CHECK(last_line("10 %\r50 %\rName: ") == "Name: ");
    CHECK(last_line("a\x1b[") == "a");
    CHECK(last_line("a\x1b") == "a");
    CHECK(last_line("\x1b]0;never ends") == "");
    const auto end = last_line(std::string(1000, 'x') + "\xc3\xbc?");
    CHECK(end.size() <= 300);
    CHECK(end.ends_with("x\xc3\xbc?"));
}

TEST_CASE("a command that asks on the terminal is told at once, answered, and goes on where it was") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        co_await terminal.execute("kept=yes", 20s);
        const auto first = co_await terminal.execute(
            "echo begun; printf 'Name: ' >/dev/tty; read -r name </dev/tty; printf 'Age: ' >/dev/tty; "
            "read -r age </dev/tty; echo \"$name is $age\"; (exit 3)",
            200s);
        REQUIRE(first.prompt);
        CHECK(*first.prompt == "Name: ");
        CHECK(first.output == "begun\n");
        CHECK(first.exit_code == -1);
        CHECK_FALSE(first.timed_out);
        CHECK_FALSE(first.is_success());
        CHECK(first.system.contains("waits for input from its terminal, after printing \"Name: \""));
        CHECK(first.system.contains("terminal/answer"));
        const auto second = co_await terminal.answer("Ada\n", 200s).result();
        REQUIRE(second.prompt);
        CHECK(*second.prompt == "Age: ");
        CHECK(second.output == "");
        const auto last = co_await terminal.answer("36\n", 200s).result();
        CHECK_FALSE(last.prompt);
        CHECK(last.output == "Ada is 36\n");
        CHECK(last.exit_code == 3);
        CHECK(last.system == "");
        CHECK_THROWS_WITH_AS(terminal.answer("none\n", 1s), doctest::Contains("no command waits"),
                             core::Error);
        CHECK(co_await output_of(terminal, "echo $kept") == "yes\n");
    });
}

TEST_CASE("who asks by its own output, or not at all, is told as well") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const std::vector<std::pair<std::string, std::string>> cases{
            {"head -n 1 /dev/tty", ""},
            {"(head -n 1 </dev/tty) | cat", ""},
            {"x=$(head -n 1 /dev/tty)", ""},
            {"echo done; printf 'Go on? ' >&2; head -n 1 /dev/tty", "Go on? "},
            {"sh -c 'printf \"Sure? \"; read x </dev/tty'", "Sure? "},
        };
        for (const auto& [command, prompt] : cases) {
            CAPTURE(command);
            const auto result = co_await terminal.execute(command, 200s);
            REQUIRE(result.prompt);
            CHECK(*result.prompt == prompt);
            const auto end = co_await terminal.answer("yes\n", 200s).result();
            CHECK_FALSE(end.prompt);
            CHECK(end.exit_code == 0);
        }
        co_await check_usable(terminal);
    });
}

TEST_CASE("the next command ends one that waits, and says so") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        co_await terminal.execute("kept=yes", 20s);
        CHECK((co_await terminal.execute("head -n 1 /dev/tty; echo not reached", 200s)).prompt);
        const auto next = co_await terminal.execute("echo $kept", 20s);
        CHECK(next.output == "yes\n");
        CHECK(next.system.contains("The command that waited for input was stopped."));
        co_await check_usable(terminal);
        // Control-C, as a person does it.
        CHECK((co_await terminal.execute("head -n 1 /dev/tty; echo not reached", 200s)).prompt);
        const auto stopped = co_await terminal.answer("\x03", 20s).result();
        CHECK(stopped.exit_code == 130);
        CHECK(stopped.output == "");
        // A restart, with nobody left to answer to.
        CHECK((co_await terminal.execute("head -n 1 /dev/tty", 200s)).prompt);
        co_await terminal.restart();
        CHECK_THROWS_AS(terminal.answer("late\n", 1s), core::Error);
        co_await check_usable(terminal);
    });
}

TEST_CASE("what was typed for one command is read by no later one") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        CHECK((co_await terminal.execute("read -r a </dev/tty; echo \"[$a]\"", 200s)).prompt);
        const auto first = co_await terminal.answer("one\ntwo\nthr", 200s).result();
        CHECK(first.output == "[one]\n");
        CHECK((co_await terminal.execute("read -r b </dev/tty; echo \"[$b]\"", 200s)).prompt);
        CHECK((co_await terminal.answer("four\n", 200s).result()).output == "[four]\n");
        co_await check_usable(terminal);
    });
}

TEST_CASE("nothing is typed for a command that has stopped waiting and runs on") {
    with_terminal([](Terminal& terminal, const auto& home) -> Task<> {
        CHECK((co_await terminal.execute("sh -c 'echo $$ >reader; exec head -n 1 /dev/tty'; echo >gone; "
                                         "until [ -e go ]; do sleep 0.05; done; rm reader gone go; "
                                         "head -n 1 /dev/tty",
                                         200s))
                  .prompt);
        pid_t reader = 0;
        std::ifstream{home / "reader"} >> reader;
        REQUIRE(reader > 1);
        REQUIRE(::kill(reader, SIGTERM) == 0);
        while (!std::filesystem::exists(home / "gone")) co_await async::pause(10ms);
        CHECK_THROWS_WITH_AS(co_await terminal.answer("secret\n", 200s).result(),
                             doctest::Contains("does not wait for input from the terminal any more"),
                             core::Error);
        std::ofstream{home / "go"} << "";
        while (std::filesystem::exists(home / "go")) co_await async::pause(10ms);
        const auto next = co_await terminal.execute("echo next", 200s);
        CHECK(next.output == "next\n");
        CHECK(next.system.contains("was stopped"));
        co_await check_usable(terminal);
    });
}

TEST_CASE("a command that works, or reads something else, is not taken for one that waits") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        for (const auto* command :
             {"sleep 1.2; echo end", "cat; sleep 1; echo end", "sleep 1.2 | cat; echo end",
              "mkfifo f; (sleep 1.2; echo end >f) & cat f; rm f"}) {
            CAPTURE(command);
            const auto result = co_await terminal.execute(command, 200s);
            CHECK_FALSE(result.prompt);
            CHECK(result.output.ends_with("end\n"));
        }
    });
}

TEST_CASE("a streamed command tells what it asks, goes on, and is answered") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        auto running =
            terminal.stream("printf 'Key: ' >/dev/tty; read -r key </dev/tty; echo \"[$key]\"", 0ms);
        const auto asked = co_await running.next();
        REQUIRE(asked);
        CHECK(asked->kind == Run::Piece::Kind::prompt);
        CHECK(asked->text == "Key: ");
        const auto typed = co_await terminal.answer("secret\n", 20s).result();
        CHECK(typed.system.contains("stream"));
        const auto output = co_await running.next();
        REQUIRE(output);
        CHECK(output->text == "[secret]\n");
        CHECK_FALSE(co_await running.next());
        CHECK((co_await running.result()).exit_code == 0);
    });
}

TEST_CASE("a shell that can open nothing any more is replaced, and the command runs in the new one") {
    for (const auto* death : {"ulimit -n 5", "ulimit -n 6"}) {
        CAPTURE(death);
        with_terminal([&](Terminal& terminal, const auto&) -> Task<> {
            CHECK((co_await terminal.execute(death, 20s)).exit_code == 0);
            const auto next = co_await terminal.execute("echo on; (exit 4)", 20s);
            CHECK(next.output == "on\n");
            CHECK(next.error == "");
            CHECK(next.exit_code == 4);
            CHECK(next.system.contains("The shell could run nothing any more: "));
            CHECK(next.system.contains("Too many open files"));
            co_await check_usable(terminal);
        });
    }
}

TEST_CASE("a command that fails with 1 is not taken for a shell that does") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        for (const auto* command :
             {"false", "(exit 1)", "cat /nowhere", "echo x >/nowhere/x", "kill -INT $$"}) {
            CAPTURE(command);
            CHECK((co_await terminal.execute(command, 20s)).system == "");
        }
        co_await terminal.execute("trap 'echo trapped' ERR; set -u", 20s);
        CHECK(co_await output_of(terminal, "false") == "trapped\n");
        CHECK(co_await output_of(terminal, "echo $?; IFS=/") == "1\n");
        co_await check_usable(terminal);
    });
}

TEST_CASE("standard input comes piece by piece, at the command's speed, and ends") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        auto running = terminal.stream("read -r first; echo \"<$first>\"; wc -c", 250s, "in");
        const auto one = co_await terminal.write_input("in", "one\n", false, 100s);
        REQUIRE(one.count == 4);
        CHECK(one.is_open);
        const auto first = co_await running.next();
        REQUIRE(first);
        CHECK(first->text == "<one>\n");
        const auto big = co_await terminal.write_input("in", std::string(1'000'000, 'x'), true, 100s);
        CHECK(big.count == 1'000'000);
        CHECK_FALSE(big.is_open);
        const auto second = co_await running.next();
        REQUIRE(second);
        CHECK(second->text == "1000000\n");
        CHECK_FALSE(co_await running.next());
        CHECK_THROWS_AS(co_await terminal.write_input("in", "late", false, 1s), core::Error);
    });
}

TEST_CASE("standard input that nobody takes, or that belongs to nobody") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        CHECK_THROWS_WITH_AS(co_await terminal.write_input("in", "x", false, 1s),
                             doctest::Contains("no command"), core::Error);
        auto sleeping = terminal.stream("echo begun; sleep 100", 0ms, "in");
        CHECK_THROWS_WITH_AS(terminal.stream("true", 1s, "in"), doctest::Contains("already"), core::Error);
        co_await sleeping.next();
        const auto full = co_await terminal.write_input("in", std::string(300'000, 'x'), false, 100ms);
        CHECK(full.count < 300'000);
        CHECK(full.is_open);
        {
            // Its turn does not come in time.
            auto waiting = terminal.stream("cat", 0ms, "later");
            CHECK((co_await terminal.write_input("later", "x", false, 50ms)).count == 0);
        }
        co_await terminal.restart();
        CHECK((co_await sleeping.result()).system.contains("restarted"));
        auto closing = terminal.stream("exec <&-; true", 0ms, "in");
        CHECK((co_await terminal.write_input("in", "", true, 20s)).count == 0);
        co_await closing.result();
        // An end without a byte, and before the command has its turn.
        auto before = terminal.stream("sleep 0.1", 20s);
        auto empty = terminal.stream("cat; echo end", 20s, "in");
        CHECK((co_await terminal.write_input("in", "", true, 20s)).count == 0);
        const auto piece = co_await empty.next();
        REQUIRE(piece);
        CHECK(piece->text == "end\n");
        co_await empty.result();
        co_await before.result();
        co_await check_usable(terminal);
    });
}

TEST_CASE("what runs in the terminal is told that nobody answers there") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        CHECK(
            co_await output_of(terminal, "echo $GIT_TERMINAL_PROMPT $SSH_ASKPASS_REQUIRE $DEBIAN_FRONTEND") ==
            "0 never noninteractive\n");
    });
}
