// What commands do in the terminal: these run a real bash, since what bash does with an odd command is what
// is tested.
#include <doctest/doctest.h>

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "core/text.hpp"
#include "desk/terminal/terminal.hpp"
#include "ops/desk/terminal.hpp"
#include "tests/unit/desk/terminal/harness.hpp"

using namespace carrel;
using namespace carrel::desk::test;
using namespace std::chrono_literals;
using desk::terminal::CommandResult;
using desk::terminal::Terminal;

TEST_CASE("commands end where their text ends, whatever they leave open, and say how they went") {
    const std::vector<Case> cases{
        {"echo hi", "hi\n"},
        {"echo out; echo err >&2", "out\n", 0, "err\n"},
        {"printf 'no line end'", "no line end"},
        {"false", "", 1},
        {"(exit 7)", "", 7},
        {"no_such_program", "", 127, "command not found"},
        {"cmd # and a comment", "", 127, "cmd: command not found"},
        {"echo hi #", "hi\n"},
        {"echo hi \\", "hi\n"},
        {"cat <<END\none\ntwo\nEND", "one\ntwo\n"},
        {"cat <<END\nnever ended", "never ended\n", 0, "here-document"},
        {"echo \"open", "", 2, "matching `\"'"},
        {"echo 'open", "", 2, "matching `''"},
        {"echo $(open", "", 2, ""},
        {"if true; then", "", 2, "syntax error"},
        {"}", "", 2, "syntax error"},
        {"echo before; exec no_such_program", "before\n", 127, "not found"},
        {"read line; echo \"[$line]\"", "[]\n"},
        {"cat", ""},
        {"return 4", "", 4},
        {"f() { return 9; }; f", "", 9},
        {"kill -INT $$; echo not reached", "", 130},
        {"${nothing:?is wanted}", "", 1, "is wanted"},
        {"echo $((1/0))", "", 1, "division by 0"},
        {"sh -c 'kill -SEGV $$'", "", 139},
        {"printf '\\377\\303('", "\uFFFD\uFFFD("},
        {"printf 'a\\0b'", std::string{"a\0b", 3}},
        {"for i in 1 2 3\ndo\necho $i\ndone", "1\n2\n3\n"},
        {"__carrel_end", ""},
        {"exec 2>&- >&-; echo nobody hears this", "", 1},
        {"tty < /dev/tty > /dev/null && stty raw < /dev/tty; echo raw", "raw\n"},
    };
    with_terminal([&](Terminal& terminal, const auto&) -> Task<> {
        for (const auto& expected : cases) {
            CAPTURE(expected.command);
            const auto result = co_await terminal.execute(expected.command, 20s);
            CHECK(result.output == expected.output);
            CHECK(result.exit_code == expected.exit_code);
            CHECK(result.is_success() == (expected.exit_code == 0));
            CHECK_FALSE(result.timed_out);
            if (!expected.error_contains.empty()) CHECK(result.error.contains(expected.error_contains));
            CHECK(result.system == "");
        }
        co_await check_usable(terminal);
    });
}

TEST_CASE("the shell's state lasts from command to command") {
    with_terminal([](Terminal& terminal, const auto& folder) -> Task<> {
        co_await terminal.execute("mkdir sub; cd sub; export A=1; B=2; declare C=3; alias greet='echo hello'",
                                  20s);
        co_await terminal.execute("f() { echo \"f got $1\"; }; false", 20s);
        CHECK(co_await output_of(terminal, "echo $?") == "1\n");
        CHECK(co_await output_of(terminal, "echo $A$B$C; greet; f x; sh -c 'echo [$A$B]'") ==
              "123\nhello\nf got x\n[1]\n");
        CHECK(co_await output_of(terminal, "pwd") == (folder / "sub").string() + "\n");
        co_await terminal.execute("exec 5>kept; set -o pipefail", 20s);
        CHECK(co_await output_of(terminal, "echo kept >&5; cat kept; false | true; echo $?") == "kept\n1\n");
        co_await terminal.execute("cd ..; rm -r sub; exec 5>&-", 20s);
    });
}

TEST_CASE("what commands print cannot end them, and they inherit nothing of the terminal's own") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        CHECK(co_await output_of(terminal, "echo 0 0; sh -c 'ls /proc/self/fd | tr \"\\n\" \" \"'") ==
              "0 0\n0 1 2 3 ");
        CHECK(co_await output_of(terminal, "sh -c 'echo [$__carrel_token]'") == "[]\n");
        co_await check_usable(terminal);
    });
}

TEST_CASE("a text that ends within a substitution leaves the shell sound") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        co_await terminal.execute("kept=yes", 20s);
        for (int i = 0; i < 50; ++i) {
            CHECK((co_await terminal.execute("echo \"a $(open", 20s)).exit_code == 2);
            CHECK(co_await output_of(terminal, "echo $? $(echo $kept); cat </dev/null") == "2 yes\n");
        }
    });
}

TEST_CASE("a long command is run whole") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const std::string text(200'000, 'y');
        CHECK(co_await output_of(terminal, "echo '" + text + "' | wc -c") == "200001\n");
    });
}

TEST_CASE("a command of more than ten megabytes is run whole, and a word too long for exec is told of") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const std::string text(11'000'000, 'y');
        CHECK(co_await output_of(terminal, "wc -c <<'END'\n" + text + "\nEND") == "11000001\n");
        const auto result =
            co_await terminal.execute("x=$(head -c 3000000 /dev/zero | tr '\\0' x); /bin/echo $x", 20s);
        CHECK(result.exit_code == 126);
        CHECK(result.error.contains("Argument list too long"));
        co_await check_usable(terminal);
    });
}

TEST_CASE("bytes that are no text come as text, and none of them ends a command") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const auto result = co_await terminal.execute(
            "cat /bin/bash; cat /bin/bash >&2; exit_code() { return 7; }; exit_code", 20s);
        CHECK(result.exit_code == 7);
        CHECK(
            result.output.starts_with("\x7F"
                                      "ELF"));
        CHECK(core::is_utf8(result.output));
        CHECK(core::is_utf8(result.error));
        CHECK(co_await output_of(terminal, "printf 'a\\0b\\0' | tee /dev/stderr") ==
              std::string{"a\0b\0", 4});
    });
}

TEST_CASE("a command that plays the terminal's own part deceives nobody but itself") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        // Reports of others: wrong token, no token, far too long, half a line.
        const auto noise = co_await terminal.execute(
            "for text in '00000000000000000000000000000000 0' ' 0' '0' \"$(head -c 5000 /dev/zero | tr '\\0' "
            "0)\"; do"
            " echo \"$text\" >terminal-*/report; done; printf half >terminal-*/report; echo done; (exit 6)",
            20s);
        CHECK(noise.output == "done\n");
        CHECK(noise.exit_code == 6);
        co_await check_usable(terminal);
        // Its own token, too early: then it has ended as it says, and the shell is there when it really has.
        const auto early = co_await terminal.execute(
            "echo \"$__carrel_token 9\" >terminal-*/report; sleep 0.2; echo late", 20s);
        CHECK(early.exit_code == 9);
        co_await terminal.execute("true", 20s);
        co_await check_usable(terminal);
        for (const auto* words : {"unset -f __carrel_end __carrel_begin", "PROMPT_COMMAND=false; PS1='$ '",
                                  "readonly __carrel_token=x", "set -n", "trap 'echo trapped' DEBUG"}) {
            CAPTURE(words);
            co_await terminal.execute(words, 1s);
            co_await terminal.restart();
            co_await check_usable(terminal);
        }
    });
}
