// Several tasks at once.
#pragma once

#include <cstddef>
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
    Gate changed{executor};
    std::size_t running = tasks.size();
    const auto count_down = [](Task<> task, Gate& gate, std::size_t& count) -> Task<> {
        struct Leave {
            Gate& gate;
            std::size_t& count;
            ~Leave() {
                --count;
                gate.notify_all();
            }
        } leave{gate, count};
        co_await std::move(task);
    };
    Scope scope{executor};
    for (auto& task : tasks) scope.start(name, count_down(std::move(task), changed, running));
    std::exception_ptr cancelled;
    try {
        while (running > 0) co_await changed.wait();
    } catch (...) {
        cancelled = std::current_exception();
    }
    co_await scope.close();
    if (cancelled) std::rethrow_exception(cancelled);
}

}  // namespace carrel::async
