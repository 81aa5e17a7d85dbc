// A limit of time around a task of any size: it counts from the last progress.
#pragma once

#include "async/deadline.hpp"

namespace carrel::async {

/// When something last went on.
class Progress {
public:
    using Clock = std::chrono::steady_clock;
    void note() { last_ = Clock::now(); }
    Clock::time_point last() const { return last_; }

private:
    Clock::time_point last_ = Clock::now();
};

/// As deadline, but `limit` counts from the last progress. `progress` must outlive it.
template <class T>
Task<T> idle_deadline(Duration limit, std::string what, Task<T> task, const Progress& progress) {
    namespace asio = boost::asio;
    const auto wait_until_idle = [](Duration patience, const Progress& seen) -> Task<> {
        asio::steady_timer timer{co_await asio::this_coro::executor};
        while (Progress::Clock::now() < seen.last() + patience) {
            timer.expires_at(seen.last() + patience);
            co_await timer.async_wait(asio::use_awaitable);
        }
    };
    const auto executor = co_await asio::this_coro::executor;
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, std::move(task), asio::deferred),
        asio::co_spawn(executor, wait_until_idle(limit, progress), asio::deferred));
    auto results = co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto& order = std::get<0>(results);
    const auto& failure = std::get<1>(results);
    const auto& idle_failure = std::get<std::tuple_size_v<decltype(results)> - 1>(results);
    if (order[0] == 1 && !idle_failure) {
        const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
        throw core::Error{core::Code::timeout, fmt::format("{} made no way for {} ms", what, count)};
    }
    if (failure) std::rethrow_exception(failure);
    if constexpr (!std::is_void_v<T>) co_return std::move(std::get<2>(results));
}

}  // namespace carrel::async
