// Work that is finished even when the one who asked for it goes away.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "async/gate.hpp"
#include "async/scope.hpp"
#include "core/error.hpp"
#include "core/log.hpp"

namespace carrel::async {

namespace detail {

template <class T>
struct Outcome {
    explicit Outcome(Executor executor) : changed{std::move(executor)} {}
    std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> result;
    std::exception_ptr failure;
    bool has_ended = false;
    Gate changed;
};

template <class T>
Task<> run_into(std::shared_ptr<Outcome<T>> outcome, std::string name, Task<T> task) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(task);
            outcome->result.emplace();
        } else {
            outcome->result.emplace(co_await std::move(task));
        }
    } catch (...) {
        outcome->failure = std::current_exception();
    }
    outcome->has_ended = true;
    const bool is_abandoned = outcome.use_count() == 1;
    if (is_abandoned && outcome->failure && !is_cancellation(outcome->failure))
        core::log_warning("{} failed after its caller had gone: {}", name,
                          core::message_of(outcome->failure));
    outcome->changed.notify_all();
}

}  // namespace detail

/// Runs `task` in `scope`, its owner, and answers its result. Cancelling the caller leaves the task
/// running; cancelling the scope ends it.
template <class T>
Task<T> shield(Scope& scope, std::string name, Task<T> task) {
    auto outcome = std::make_shared<detail::Outcome<T>>(co_await boost::asio::this_coro::executor);
    scope.start(name, detail::run_into<T>(outcome, name, std::move(task)));
    while (!outcome->has_ended) co_await outcome->changed.wait();
    if (outcome->failure) std::rethrow_exception(outcome->failure);
    if constexpr (!std::is_void_v<T>) co_return std::move(*outcome->result);
}

}  // namespace carrel::async
