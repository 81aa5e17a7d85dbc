// For nouns that start real programs: a loop and a pool of their own, an end in time, and nothing left over.
#pragma once

#include <csignal>
#include <string>

#include "async/deadline.hpp"
#include "core/error.hpp"
#include "tests/fakes/run_loop.hpp"

namespace carrel::desk::test {

using namespace std::chrono_literals;

/// Gives `test` a `Noun`, which is closed when the test ends, also when it failed; `check_empty` looks at
/// what is left of it then.
template <class Noun, class Test, class CheckEmpty>
void with_programs(Test test, CheckEmpty check_empty) {
    ::signal(SIGPIPE, SIG_IGN);
    async::Pool pool{1};
    fakes::run_loop([&](async::Executor executor) -> async::Task<> {
        Noun noun{executor, pool, "/tmp"};
        std::exception_ptr failure;
        try {
            co_await async::deadline(60s, "a test", async::Task<>{test(noun)});
        } catch (...) {
            failure = std::current_exception();
        }
        co_await noun.close();
        check_empty(noun);
        if (failure) std::rethrow_exception(failure);
    });
    pool.join();
}

/// Of the Error that `action` throws; "none" when it throws none.
std::string reason_of(const auto& action) {
    try {
        action();
    } catch (const core::Error& error) {
        return error.reason();
    }
    return "none";
}

}  // namespace carrel::desk::test
