// Owners of running tasks: nothing runs that nobody owns.
#pragma once

#include <memory>
#include <string>

#include "async/task.hpp"

namespace carrel::async {

/// Owns the tasks that were started in it. Close it before anything that its tasks use goes away.
///
/// A task that fails is logged with its name; it ends nothing else. A task that must report its
/// failure does so itself.
class Scope {
public:
    explicit Scope(Executor executor);
    /// Cancels what still runs; for a loop that runs on, `co_await close()` must come first.
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    void start(std::string name, Task<> task);
    /// Asks all tasks to end; they end at their next suspension.
    void cancel();
    /// Cancels, and returns when the last task has ended. Not itself cancellable.
    Task<> close();
    std::size_t size() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// One task that can be cancelled and waited for on its own: a Scope of one.
class Job {
public:
    Job(Executor executor, std::string name, Task<> task) : scope_{std::move(executor)} {
        scope_.start(std::move(name), std::move(task));
    }
    bool is_running() const { return scope_.size() > 0; }
    void cancel() { scope_.cancel(); }
    Task<> close() { return scope_.close(); }

private:
    Scope scope_;
};

}  // namespace carrel::async
