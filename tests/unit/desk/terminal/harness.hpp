// A terminal with a real bash, in a directory of the test's own.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "desk/terminal/terminal.hpp"
#include "tests/fakes/run_loop.hpp"

namespace carrel::desk::test {

using namespace std::chrono_literals;
using async::Task;
using terminal::Terminal;

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

inline Task<std::string> output_of(Terminal& terminal, std::string command) {
    co_return (co_await terminal.execute(std::move(command), 20s)).output;
}

inline Task<> check_usable(Terminal& terminal) {
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

}  // namespace carrel::desk::test
