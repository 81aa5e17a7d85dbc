// What whoever gave a command has of it.
#include <optional>
#include <utility>

#include "desk/terminal/terminal.hpp"

namespace carrel::desk::terminal {

using std::chrono::steady_clock;

RunningCommand::RunningCommand(std::shared_ptr<Run> run, async::Gate& terminal_changed)
    : run_{std::move(run)}, terminal_changed_{&terminal_changed} {}

RunningCommand::~RunningCommand() {
    // A finished command needs nothing from the terminal, which may be gone by now.
    if (!run_ || run_->is_done) return;
    run_->is_abandoned = true;
    terminal_changed_->notify_all();
}

Task<std::optional<Run::Piece>> RunningCommand::next() {
    const auto run = run_;
    while (run->pieces.empty() && !run->is_done) co_await run->changed.wait();
    if (run->pieces.empty()) {
        if (run->failure) std::rethrow_exception(run->failure);
        co_return std::nullopt;
    }
    auto piece = std::move(run->pieces.front());
    run->pieces.pop_front();
    run->waiting_bytes -= piece.text.size();
    if (!run->is_done) terminal_changed_->notify_all();
    co_return piece;
}

Task<bool> RunningCommand::has_news_within(async::Duration limit) {
    const auto run = run_;
    const auto end = steady_clock::now() + limit;
    while (run->pieces.empty() && !run->is_done && steady_clock::now() < end)
        co_await run->changed.wait_for(end - steady_clock::now());
    co_return !run->pieces.empty() || run->is_done;
}

Task<bool> RunningCommand::ends_within(async::Duration limit) {
    const auto run = run_;
    const auto end = steady_clock::now() + limit;
    while (!run->is_done && steady_clock::now() < end)
        co_await run->changed.wait_for(end - steady_clock::now());
    co_return run->is_done;
}

Task<CommandResult> RunningCommand::result() {
    const auto run = run_;
    while (!run->is_done) co_await run->changed.wait();
    if (run->failure) std::rethrow_exception(run->failure);
    co_return std::move(run->result);
}

}  // namespace carrel::desk::terminal
