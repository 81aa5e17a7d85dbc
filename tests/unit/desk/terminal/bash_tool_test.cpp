// The tests of the reference implementation's bash tool (claude-quickstarts, computer-use-demo, bash_test),
// each with its equivalent here: by the same names, against a real bash.
#include <doctest/doctest.h>

#include "desk/terminal/terminal.hpp"
#include "rest/requests.hpp"
#include "tests/unit/desk/terminal/harness.hpp"

using namespace carrel;
using namespace carrel::desk::test;
using desk::terminal::Terminal;

namespace {

/// Asks terminal/execute as a client does.
Task<json::Value> execute(Terminal& terminal, std::string body) {
    const auto bindings = desk::terminal::bind_terminal(terminal);
    net::Request request;
    request.body = net::make_source(std::move(body));
    auto response = co_await bindings[0].handler(request);
    const auto text = co_await net::read_all(response, 1 << 20);
    co_return *json::parse(text);
}

}  // namespace

TEST_CASE("bash_tool_restart: restarted, and usable then") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        co_await terminal.restart();
        CHECK((co_await execute(terminal, R"({"command":"echo 'Hello after restart'"})")).at("output") ==
              "Hello after restart\n");
    });
}

TEST_CASE("bash_tool_run_command: the output, and no error") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const auto answer = co_await execute(terminal, R"({"command":"echo 'Hello, World!'"})");
        CHECK(answer.at("output") == "Hello, World!\n");
        CHECK(answer.at("error") == "");
        CHECK(answer.at("success") == true);
    });
}

TEST_CASE("bash_tool_no_command: refused, with the field's name") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        CHECK_THROWS_WITH_AS(co_await execute(terminal, "{}"), doctest::Contains("command"),
                             rest::Unprocessable);
        CHECK_THROWS_AS(co_await execute(terminal, R"({"command":""})"), rest::Unprocessable);
    });
}

TEST_CASE("bash_tool_session_creation: the first command starts the shell") {
    with_terminal([](Terminal& terminal, const auto& folder) -> Task<> {
        CHECK(std::filesystem::is_empty(folder) == true);
        CHECK((co_await execute(terminal, R"({"command":"echo 'Session created'"})")).at("output") ==
              "Session created\n");
    });
}

TEST_CASE("bash_tool_session_reuse: the second command runs in the first one's shell") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const auto first = co_await execute(terminal, R"({"command":"x=kept; echo $$"})");
        const auto second = co_await execute(terminal, R"({"command":"echo $$; echo $x"})");
        CHECK(second.at("output").as_string() == std::string{first.at("output").as_string()} + "kept\n");
    });
}

TEST_CASE("bash_tool_session_error: what bash says of an unknown program is the error") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const auto answer =
            co_await execute(terminal, R"({"command":"invalid_command_that_does_not_exist"})");
        CHECK(answer.at("error").as_string().find("command not found") != boost::json::string::npos);
        CHECK(answer.at("exit_code") == 127);
    });
}

TEST_CASE("bash_tool_non_zero_exit: no output, an error, and the status, which the original loses") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const auto answer = co_await execute(terminal, R"({"command":"bash -c 'echo failed >&2; exit 1'"})");
        CHECK(answer.at("output") == "");
        CHECK(answer.at("error") == "failed\n");
        CHECK(answer.at("exit_code") == 1);
        CHECK(answer.at("success") == false);
    });
}

TEST_CASE("bash_tool_timeout: said so, and unlike the original the shell is usable at once") {
    with_terminal([](Terminal& terminal, const auto&) -> Task<> {
        const auto answer = co_await execute(terminal, R"({"command":"sleep 1000","timeout":1})");
        CHECK(answer.at("timed_out") == true);
        CHECK(answer.at("system") == "The command was stopped after 1 s. The shell and its state are kept.");
        co_await check_usable(terminal);
    });
}
