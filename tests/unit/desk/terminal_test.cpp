// These run a real bash: what bash does with an odd command is what is tested.
#include <doctest/doctest.h>

#include <signal.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "desk/terminal.hpp"
#include "ops/desk_terminal.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using desk::CommandResult;
using desk::Terminal;

namespace {

/// A directory of the test's own.
struct Folder {
    Folder() {
        std::string pattern = std::filesystem::temp_directory_path() / "carrel-terminal-test-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()));
        path = pattern;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

/// Runs `test` with a terminal and closes that afterwards, also when the test throws.
template <class Test>
void with_terminal(Test test) {
    Folder folder;
    async::Pool pool{1};
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        Terminal terminal{executor, pool, {.home = folder.path, .folder = folder.path}};
        std::exception_ptr failure;
        try {
            co_await test(terminal, folder.path);
        } catch (...) {
            failure = std::current_exception();
        }
        co_await terminal.close();
        if (failure) std::rethrow_exception(failure);
    });
    pool.join();
    CHECK(std::filesystem::is_empty(folder.path) == true);
}

Task<std::string> output_of(Terminal& terminal, std::string command) {
    co_return (co_await terminal.execute(std::move(command), 20s)).output;
}

Task<> check_usable(Terminal& terminal) {
    const auto result = co_await terminal.execute("echo still here", 20s);
    CHECK(result.output == "still here\n");
    CHECK(result.exit_code == 0);
    CHECK(result.system == "");
}

struct Case {
    std::string command;
    std::string output;
    int exit_code = 0;
    std::string error_contains = {};
};

}  // namespace

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

TEST_CASE("a text that ends within a substitution leaves the shell sound") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        co_await terminal.execute("kept=yes", 20s);
        for (int i = 0; i < 50; ++i) {
            CHECK((co_await terminal.execute("echo \"a $(open", 20s)).exit_code == 2);
            CHECK(co_await output_of(terminal, "echo $? $(echo $kept); cat </dev/null") == "2 yes\n");
        }
    });
}

TEST_CASE("a command that takes too long is stopped, and the shell keeps its state") {
    const std::vector<std::string> commands{
        "sleep 100; echo not reached",
        "while :; do :; done",
        "x=$(sleep 100)",
        "sleep 100 | cat",
        "(while :; do sleep 1; done)",
        "read line </dev/tty",
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
                  .contains("Background jobs of earlier commands wrote:\nlate words\n"));
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

TEST_CASE("a long command is run whole") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const std::string text(200'000, 'y');
        CHECK(co_await output_of(terminal, "echo '" + text + "' | wc -c") == "200001\n");
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
        CHECK(first->kind == desk::OutputKind::standard_output);
        std::ofstream{folder / "go"} << "on\n";
        const auto second = co_await command.next();
        REQUIRE(second);
        CHECK(second->text == "two\n");
        CHECK(second->kind == desk::OutputKind::standard_error);
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

TEST_CASE("over HTTP, a command that takes its time is interrupted when nobody waits for its answer") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const auto bindings = desk::bind_terminal(terminal);
        const auto ask = [&](std::string body) -> Task<net::Response> {
            net::Request request;
            request.body = net::make_source(std::move(body));
            co_return co_await bindings[0].handler(request);
        };
        auto slow = co_await ask(R"({"command":"sleep 1; echo late"})");
        REQUIRE(slow.source);
        CHECK((co_await net::read_all(*slow.source, 1000)).contains("\"output\":\"late\\n\""));
        auto abandoned = co_await ask(R"({"command":"sleep 100"})");
        REQUIRE(abandoned.source);
        abandoned.source.reset();
        co_await check_usable(terminal);
    });
}

TEST_CASE("over HTTP: the fields of a command, of a stream, and of a restart") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const auto bindings = desk::bind_terminal(terminal);
        const auto call = [&](std::size_t binding, std::string body) -> Task<std::string> {
            net::Request request;
            request.body = net::make_source(std::move(body));
            auto response = co_await bindings[binding].handler(request);
            CHECK(response.status == 200);
            co_return response.source ? co_await net::read_all(*response.source, 1 << 20) : response.content;
        };
        const auto text = co_await call(0, R"~({"command":"echo hi; echo no >&2; (exit 2)"})~");
        const auto answer = json::parse(text);
        REQUIRE(answer);
        CHECK(answer->at("success") == false);
        CHECK(answer->at("output") == "hi\n");
        CHECK(answer->at("error") == "no\n");
        CHECK(answer->at("system") == "");
        CHECK(answer->at("exit_code") == 2);
        CHECK(answer->at("timed_out") == false);
        CHECK(answer->at("duration_ms").is_int64());

        const auto events = co_await call(1, R"~({"command":"echo hi; (exit 3)","timeout":5})~");
        CHECK(
            events.starts_with("data: {\"type\":\"stdout\",\"chunk\":\"hi\\n\"}\n\n"
                               "data: {\"type\":\"done\",\"exit_code\":3,"));
        CHECK(json::parse(co_await call(2, "{}"))->at("success") == true);
        CHECK_THROWS_AS(co_await call(0, R"~({"command":"x","timeout":301})~"), desk::Unprocessable);
        CHECK_THROWS_AS(co_await call(0, R"~({"command":"x\u0000y"})~"), core::Error);
    });
}
