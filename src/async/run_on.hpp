// Work that would hold up the loop, done by a pool of threads.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "async/task.hpp"

namespace carrel::async {

using Pool = boost::asio::thread_pool;

/// Runs `function` on `pool`; its result, or what it throws, arrives on the loop. It is not
/// cancellable: whatever it uses must be its own (captured by value) or outlive it for certain.
template <class Function>
Task<std::invoke_result_t<Function&>> run_on(Pool& pool, Function function) {
    using Result = std::invoke_result_t<Function&>;
    using Stored = std::conditional_t<std::is_void_v<Result>, std::monostate, Result>;
    using Outcome = std::shared_ptr<std::optional<Stored>>;

    // Cancellation is not passed on: Asio 1.26 races when it crosses executors.
    const auto initiate = [&pool](auto handler, Function work) {
        auto loop = boost::asio::get_associated_executor(handler);
        auto guard = boost::asio::make_work_guard(loop);
        boost::asio::post(pool, [loop, guard = std::move(guard), handler = std::move(handler),
                                 work = std::move(work)]() mutable {
            auto outcome = std::make_shared<std::optional<Stored>>();
            std::exception_ptr failure;
            try {
                if constexpr (std::is_void_v<Result>) {
                    work();
                    outcome->emplace();
                } else {
                    outcome->emplace(work());
                }
            } catch (...) {
                failure = std::current_exception();
            }
            boost::asio::post(loop, [handler = std::move(handler), failure, outcome]() mutable {
                std::move(handler)(failure, outcome);
            });
        });
    };
    auto outcome = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                        void(std::exception_ptr, Outcome)>(
        initiate, boost::asio::use_awaitable, std::move(function));
    if constexpr (!std::is_void_v<Result>) co_return std::move(**outcome);
}

}  // namespace carrel::async
