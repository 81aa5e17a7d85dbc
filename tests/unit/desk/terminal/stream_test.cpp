// Output, streams and the queue of the terminal: with a real bash.
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

TEST_CASE("background jobs hold nothing up, and what they print later is told apart") {
    with_terminal([](Terminal& terminal, const auto& folder) -> Task<> {
        CHECK(::mkfifo((folder / "go").c_str(), 0600) == 0);
        CHECK(::mkfifo((folder / "done").c_str(), 0600) == 0);
        const auto result =
            co_await terminal.execute("(read x <go; echo late words; echo >done) & sleep 100 &", 20s);
        CHECK(result.output == "");
        CHECK(result.error == "");
        CHECK(result.exit_code == 0);
        const auto next = co_await terminal.execute("echo >go; read x <done; echo mine", 20s);
        CHECK(next.output == "mine\n");
        CHECK((next.system + (co_await terminal.execute("true", 20s)).system)
                  .contains("Earlier commands, or jobs that they left, wrote since:\nlate words\n"));
        co_await terminal.execute("kill %2; yes & ", 20s);
        const auto beside_noise = co_await terminal.execute("echo clear", 20s);
        CHECK(beside_noise.output == "clear\n");
        CHECK(beside_noise.system.size() < 5000);
        CHECK(co_await output_of(terminal, "kill $!; rm go done; echo ended") == "ended\n");
    });
}

TEST_CASE("a gigabyte of output costs half a megabyte of it") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const auto result = co_await terminal.execute(
            "echo first; head -c 1000000000 /dev/zero | tr '\\0' x; echo last", 120s);
        CHECK(result.exit_code == 0);
        CHECK(result.output.starts_with("first\nxxx"));
        CHECK(result.output.ends_with("xxxlast\n"));
        CHECK(result.output.size() < 530'000);
        CHECK(result.output.contains("bytes left out here"));
        CHECK(result.system.contains("too long"));
        co_await check_usable(terminal);
    });
}

TEST_CASE("commands wait for their turn, in order, and their time counts from their own start") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        std::vector<std::string> outputs;
        async::Gate ended{co_await boost::asio::this_coro::executor};
        async::Scope scope{co_await boost::asio::this_coro::executor};
        const auto run = [&](int number) -> Task<> {
            auto result = co_await terminal.execute(fmt::format("sleep 0.2; echo {}", number), 1000ms);
            CHECK_FALSE(result.timed_out);
            outputs.push_back(result.output);
            ended.notify_all();
        };
        for (int number = 0; number < 6; ++number) scope.start("a command", run(number));
        while (outputs.size() < 6) co_await ended.wait();
        CHECK(outputs == std::vector<std::string>{"0\n", "1\n", "2\n", "3\n", "4\n", "5\n"});
        co_await scope.close();
    });
}

TEST_CASE("the queue has an end, and abandoned commands are interrupted or never begun") {
    with_terminal([](Terminal& terminal, const auto& folder) -> Task<> {
        async::Scope scope{co_await boost::asio::this_coro::executor};
        const auto run = [&]() -> Task<> { co_await terminal.execute("echo x >>log; sleep 100", 200s); };
        for (std::size_t i = 0; i < Terminal::queue_limit; ++i) scope.start("a command", run());
        while (!std::filesystem::exists(folder / "log")) co_await async::pause(1ms);
        try {
            co_await terminal.execute("echo too many", 1s);
            FAIL("no throw");
        } catch (const core::Error& error) {
            CHECK(error.code() == core::Code::unavailable);
            CHECK(error.reason() == "terminal_queue_full");
        }
        co_await scope.close();
        CHECK(co_await output_of(terminal, "cat log; rm log") == "x\n");
    });
}

TEST_CASE("a stream gives output as it comes, stdout and stderr apart, and then the end") {
    with_terminal([](Terminal& terminal, const auto& folder) -> Task<> {
        CHECK(::mkfifo((folder / "go").c_str(), 0600) == 0);
        auto command =
            terminal.stream("echo one; read x <go; echo two >&2; exit_with() { return 5; }; exit_with", 20s);
        const auto first = co_await command.next();
        REQUIRE(first);
        CHECK(first->text == "one\n");
        CHECK(first->kind == desk::terminal::Run::Piece::Kind::standard_output);
        std::ofstream{folder / "go"} << "on\n";
        const auto second = co_await command.next();
        REQUIRE(second);
        CHECK(second->text == "two\n");
        CHECK(second->kind == desk::terminal::Run::Piece::Kind::standard_error);
        CHECK_FALSE(co_await command.next());
        CHECK((co_await command.result()).exit_code == 5);
        std::filesystem::remove(folder / "go");
    });
}

TEST_CASE("a slow reader of a stream slows the command down, and gets every byte") {
    with_terminal([](Terminal& terminal, const auto& folder) -> Task<> {
        auto command = terminal.stream("head -c 5000000 /dev/zero | tr '\\0' z; echo >ready", 60s);
        // The command cannot end before somebody reads: there is no room for its output.
        std::size_t total = 0;
        auto piece = co_await command.next();
        CHECK_FALSE(std::filesystem::exists(folder / "ready"));
        while (piece) {
            total += piece->text.size();
            piece = co_await command.next();
        }
        CHECK(total == 5'000'000);
        CHECK((co_await command.result()).exit_code == 0);
        std::filesystem::remove(folder / "ready");
    });
}

TEST_CASE("a stream whose reader goes away interrupts its command") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        {
            auto command = terminal.stream("echo begun; sleep 100", 200s);
            co_await command.next();
        }
        co_await check_usable(terminal);
    });
}
