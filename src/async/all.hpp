// Several tasks at once.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/gate.hpp"
#include "async/scope.hpp"

namespace carrel::async {

/// Runs all tasks at the same time and returns when the last has ended. One that fails is logged under
/// `name` and ends nothing else. When the caller is cancelled, so are they.
inline Task<> all(std::string name, std::vector<Task<>> tasks) {
    const auto executor = co_await boost::asio::this_coro::executor;
    struct Running {
        Running(Executor loop, std::size_t started) : changed{std::move(loop)}, count{started} {}
        Gate changed;
        std::size_t count;
    };
    // Shared: a loop that is destroyed with its tasks may destroy this one before them.
    const auto running = std::make_shared<Running>(executor, tasks.size());
    const auto count_down = [](Task<> task, std::shared_ptr<Running> known) -> Task<> {
        struct Leave {
            std::shared_ptr<Running> known;
            ~Leave() {
                --known->count;
                known->changed.notify_all();
            }
        } leave{std::move(known)};
        co_await std::move(task);
    };
    Scope scope{executor};
    for (auto& task : tasks) scope.start(name, count_down(std::move(task), running));
    std::exception_ptr cancelled;
    try {
        while (running->count > 0) co_await running->changed.wait();
    } catch (...) {
        cancelled = std::current_exception();
    }
    co_await scope.close();
    if (cancelled) std::rethrow_exception(cancelled);
}

}  // namespace carrel::async
