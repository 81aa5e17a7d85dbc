// A limit of time around a task.
#pragma once

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>

#include "async/task.hpp"
#include "core/error.hpp"

namespace carrel::async {

/// `task`'s result, or Error{timeout} ("`what` took longer than N ms") when `limit` passes first; the
/// task is cancelled then, and has ended before this returns. T must be default constructible.
///
/// Asio's own `task || timer` would report a task that fails as a time-out; a parallel group tells
/// them apart.
template <class T>
Task<T> deadline(Duration limit, std::string what, Task<T> task) {
    namespace asio = boost::asio;
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, limit};
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, std::move(task), asio::deferred), timer.async_wait(asio::deferred));
    auto results = co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto& order = std::get<0>(results);
    const auto& failure = std::get<1>(results);
    const auto& timer_ended = std::get<std::tuple_size_v<decltype(results)> - 1>(results);
    if (order[0] == 1 && !timer_ended) {
        const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
        throw core::Error{core::Code::timeout, fmt::format("{} took longer than {} ms", what, count)};
    }
    if (failure) std::rethrow_exception(failure);
    if constexpr (!std::is_void_v<T>) co_return std::move(std::get<2>(results));
}

}  // namespace carrel::async
