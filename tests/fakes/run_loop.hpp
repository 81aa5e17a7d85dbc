// Runs one task on a loop of its own until it ends: what unit tests of tasks need.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <utility>

#include "async/task.hpp"

namespace carrel::fakes {

/// `run_loop([](async::Executor executor) -> async::Task<> { ... })`; rethrows what the task throws.
template <class Function>
void run_loop(Function function) {
    boost::asio::io_context loop{1};
    std::exception_ptr failure;
    const async::Executor executor = loop.get_executor();
    // The lambda's captures must outlive its coroutine: `function` lives until the loop is done.
    boost::asio::co_spawn(
        executor, [&]() -> async::Task<> { co_await function(executor); },
        [&](std::exception_ptr thrown) { failure = std::move(thrown); });
    loop.run();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace carrel::fakes
