// Two tasks at once, of which each is worth nothing without the other.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

#include "async/task.hpp"

namespace carrel::async {

/// Runs both at the same time and returns the first one's result when both have ended. When one fails the
/// other is cancelled, and waited for; what is thrown then is what the one threw that failed first: it is the
/// cause, and the other's failure at most its echo. T must be default constructible.
///
/// Asio's own `first && second` throws a `multiple_exceptions` when both fail, which is no Error and tells
/// nobody anything: tools/check_layers.py keeps those operators out.
template <class T>
Task<T> both(Task<T> first, Task<> second) {
    namespace asio = boost::asio;
    const auto executor = co_await asio::this_coro::executor;
    auto group =
        asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(first), asio::deferred),
                                                asio::co_spawn(executor, std::move(second), asio::deferred));
    auto results = co_await group.async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);
    const auto& order = std::get<0>(results);
    const std::exception_ptr failures[] = {std::get<1>(results),
                                           std::get<std::tuple_size_v<decltype(results)> - 1>(results)};
    for (const auto ended : order)
        if (failures[ended]) std::rethrow_exception(failures[ended]);
    if constexpr (!std::is_void_v<T>) co_return std::move(std::get<2>(results));
}

}  // namespace carrel::async
