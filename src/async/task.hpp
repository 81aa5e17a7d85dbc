// The vocabulary for concurrency: a task is awaited, or started in a Scope. There is one loop
// thread per program; it owns all state, so nothing here is locked.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace carrel::async {

/// A piece of work that runs on the loop when it is awaited. Its parameters are values, or
/// references to what the awaiting caller owns.
template <class T = void>
using Task = boost::asio::awaitable<T>;

using Executor = boost::asio::any_io_executor;
using Duration = std::chrono::steady_clock::duration;

/// Pauses the calling task. Not a way to wait for something: wait for that itself.
Task<> pause(Duration duration);

/// Lets everything else that is ready run first.
Task<> yield_turn();

/// Whether `failure` says only that the task was cancelled.
bool is_cancellation(const std::exception_ptr& failure);

}  // namespace carrel::async
