// Commands that take too long, and shells that end: with a real bash.
#include <doctest/doctest.h>

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "desk/terminal/terminal.hpp"
#include "ops/desk/terminal.hpp"
#include "tests/unit/desk/terminal/harness.hpp"

using namespace carrel;
using namespace carrel::desk::test;
using namespace std::chrono_literals;
using desk::terminal::CommandResult;
using desk::terminal::Terminal;

TEST_CASE("a shell that closes every descriptor it has hangs nobody") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const auto result = co_await terminal.execute(
            "for n in $(ls /proc/$$/fd); do [ $n -gt 2 ] && eval \"exec $n>&-\"; done; echo closed", 20s);
        CHECK(result.output == "closed\n");
        CHECK_FALSE(result.timed_out);
        // Bash has lost its own copies, too: it may end now, and is replaced then.
        co_await terminal.execute("true", 20s);
        co_await check_usable(terminal);
    });
}

TEST_CASE("a command that takes too long is stopped, and the shell keeps its state") {
    const std::vector<std::string> commands{
        "sleep 100; echo not reached",
        "while :; do :; done",
        "x=$(sleep 100)",
        "sleep 100 | cat",
        "(while :; do sleep 1; done)",
        "sleep 100 & wait",
        "PROMPT_COMMAND=; PS1=x; sleep 100",
        "sh -c 'trap \"\" INT; sleep 100; sleep 100'; echo not reached",
        "(trap '' INT; x=$(sleep 100))",
        "kill -STOP $$; sleep 100",
    };
    for (const auto& command : commands) {
        CAPTURE(command);
        with_terminal([&](Terminal& terminal, const auto&) -> Task<> {
            co_await terminal.execute("kept=yes", 20s);
            const auto result = co_await terminal.execute("echo begun; " + command, 300ms);
            CHECK(result.output == "begun\n");
            CHECK(result.timed_out);
            CHECK_FALSE(result.is_success());
            CHECK(result.exit_code != 0);
            CHECK(result.system.contains(
                "The command was stopped after 0.3 s. The shell and its state are kept."));
            CHECK(result.duration < 5s);
            CHECK(co_await output_of(terminal, "echo $kept") == "yes\n");
        });
    }
}

TEST_CASE("a shell that cannot be brought back is replaced, and the answer says so") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const auto result = co_await terminal.execute("trap '' INT; while :; do :; done", 200ms);
        CHECK(result.timed_out);
        CHECK(result.system.contains("and with it the shell"));
        co_await check_usable(terminal);
    });
}

TEST_CASE("a command that ends the shell is answered, and the next one gets a new shell") {
    const std::vector<Case> cases{
        {"echo bye; exit 3", "bye\n", 3},
        {"exec echo replaced", "replaced\n", 0},
        {"echo gone; kill -9 $$; sleep 100", "gone\n", 137},
        {"set -e; echo strict; false; echo not reached", "strict\n", 1},
    };
    for (const auto& expected : cases) {
        CAPTURE(expected.command);
        with_terminal([&](Terminal& terminal, const auto&) -> Task<> {
            const auto result = co_await terminal.execute(expected.command, 20s);
            CHECK(result.output == expected.output);
            CHECK(result.exit_code == expected.exit_code);
            CHECK(result.system.contains("The shell has ended with exit code"));
            CHECK_FALSE(result.timed_out);
            co_await check_usable(terminal);
        });
    }
}

TEST_CASE("restart ends what runs and gives a fresh shell; what waits runs there") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        co_await terminal.execute("old=1", 20s);
        auto running = terminal.stream("echo begun; sleep 100", 200s);
        co_await running.next();
        auto waiting = terminal.stream("echo \"[$old]\"", 20s);
        co_await terminal.restart();
        CHECK_FALSE(co_await running.next());
        CHECK((co_await running.result()).system.contains("restarted"));
        const auto piece = co_await waiting.next();
        REQUIRE(piece);
        CHECK(piece->text == "[]\n");
        CHECK_FALSE(co_await waiting.next());
    });
}

TEST_CASE("emptying the directory of the terminal's pipes does not lose the shell") {
    with_terminal([](Terminal& terminal, const auto& folder) -> Task<> {
        co_await terminal.execute("kept=yes", 20s);
        co_await terminal.execute("rm -rf terminal-*", 500ms);
        CHECK(co_await output_of(terminal, "echo $kept") == "yes\n");
        for (const auto& entry : std::filesystem::directory_iterator{folder}) CHECK(entry.is_directory());
    });
}

TEST_CASE("a desk without bash says so") {
    Folder folder;
    async::Pool pool{1};
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        Terminal terminal{executor, pool, {.bash = "/no/such/bash", .folder = folder.path}};
        const auto result = co_await terminal.execute("echo hi", 20s);
        CHECK(result.exit_code == 127);
        CHECK(result.system.contains("The shell has ended with exit code 127"));
        co_await terminal.close();
    });
    pool.join();
}
