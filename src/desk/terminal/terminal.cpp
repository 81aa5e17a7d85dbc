#include "desk/terminal/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "core/log.hpp"

namespace carrel::desk::terminal {

using core::Code;
using core::Error;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// A stream's reader may be this far behind before the command has to wait.
constexpr std::size_t stream_limit = std::size_t{256} << 10;

struct StopStep {
    int signal;
    milliseconds patience;
};
/// A program may catch SIGINT to clean up, and a list may start the next one, so SIGKILL is repeated.
constexpr std::array stop_steps{StopStep{SIGINT, milliseconds{1000}}, StopStep{SIGKILL, milliseconds{250}},
                                StopStep{SIGKILL, milliseconds{250}}, StopStep{SIGKILL, milliseconds{500}}};

void add_note(std::string& notes, std::string_view note) {
    if (!notes.empty()) notes += '\n';
    notes += note;
}

}  // namespace

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

Terminal::Terminal(async::Executor executor, async::Pool& pool, TerminalSettings settings)
    : executor_{executor},
      pool_{pool},
      settings_{std::move(settings)},
      changed_{executor},
      late_{executor},
      scope_{executor} {
    scope_.start("the terminal", work());
}

std::shared_ptr<Run> Terminal::enqueue(std::string command, milliseconds limit, bool is_streamed) {
    if (is_closed_) throw Error{Code::unavailable, "the desk is being ended"};
    if (command.contains('\0')) throw Error{Code::invalid, "a command cannot contain the character NUL"};
    forget_abandoned();
    if (queue_.size() >= queue_limit)
        throw Error{Code::unavailable,
                    fmt::format("{} commands wait for this terminal already; try again later", queue_limit),
                    "terminal_queue_full"};
    auto run = std::make_shared<Run>(executor_);
    run->command = std::move(command);
    run->limit = limit;
    run->is_streamed = is_streamed;
    queue_.push_back(run);
    changed_.notify_all();
    return run;
}

void Terminal::forget_abandoned() {
    if (queue_.size() < queue_limit) return;
    // The first one may be at work: run_next sees to that one.
    const auto begun = queue_.begin() + 1;
    queue_.erase(std::remove_if(begun, queue_.end(), [](const auto& run) { return run->is_abandoned; }),
                 queue_.end());
}

RunningCommand Terminal::start(std::string command, milliseconds limit) {
    return RunningCommand{enqueue(std::move(command), limit, false), changed_};
}

Task<CommandResult> Terminal::execute(std::string command, milliseconds limit) {
    auto running = start(std::move(command), limit);
    co_return co_await running.result();
}

RunningCommand Terminal::stream(std::string command, milliseconds limit) {
    return RunningCommand{enqueue(std::move(command), limit, true), changed_};
}

Task<> Terminal::restart() {
    if (is_closed_) throw Error{Code::unavailable, "the desk is being ended"};
    const auto wanted = ++restarts_wanted_;
    changed_.notify_all();
    while (restarts_done_ < wanted) co_await changed_.wait();
}

Task<> Terminal::close() {
    is_closed_ = true;
    co_await scope_.close();
    co_await drop_shell();
    for (const auto& run : queue_) {
        run->failure = std::make_exception_ptr(Error{Code::unavailable, "the desk is being ended"});
        run->is_done = true;
        run->changed.notify_all();
    }
    queue_.clear();
    co_await late_.close();
}

Task<> Terminal::work() {
    while (true) {
        while (queue_.empty() && restarts_done_ == restarts_wanted_) co_await changed_.wait();
        if (restarts_done_ < restarts_wanted_) {
            const auto wanted = restarts_wanted_;
            co_await drop_shell();
            late_.take();
            restarts_done_ = wanted;
            changed_.notify_all();
        } else {
            co_await run_next();
        }
    }
}

Task<> Terminal::run_next() {
    const auto run = queue_.front();
    if (!run->is_abandoned) co_await run_in_shell(*run);
    queue_.pop_front();
    run->is_done = true;
    run->changed.notify_all();
}

Task<> Terminal::run_in_shell(Run& run) {
    try {
        if (shell_ && shell_->exit_code()) co_await drop_shell();
        if (!shell_) shell_ = std::make_unique<Shell>(executor_, settings_, changed_, late_);
        co_await perform(run);
    } catch (...) {
        if (async::is_cancellation(std::current_exception())) throw;
        run.failure = std::current_exception();
    }
}

Task<> Terminal::perform(Run& run) {
    const auto start = steady_clock::now();
    shell_->start_command(run.command,
                          [&run, this](OutputKind kind, std::string_view bytes) { take(run, kind, bytes); });
    const auto end = co_await wait_for_end(run);
    shell_->hold_output(false);
    const bool must_stop = end == End::timed_out || end == End::abandoned;
    const bool is_shell_back = !must_stop || co_await stop_command();
    shell_->finish_command();
    run.result.duration = std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
    co_await conclude(run, end, is_shell_back);
}

Task<Terminal::End> Terminal::wait_for_end(Run& run) {
    const auto limit = steady_clock::now() + run.limit;
    while (true) {
        if (shell_->status()) co_return End::reported;
        if (shell_->exit_code()) co_return End::shell_ended;
        if (run.is_abandoned) co_return End::abandoned;
        if (restarts_done_ < restarts_wanted_) co_return End::restarted;
        shell_->hold_output(run.is_streamed && run.waiting_bytes >= stream_limit);
        if (steady_clock::now() >= limit) co_return End::timed_out;
        co_await changed_.wait_for(limit - steady_clock::now());
    }
}

/// Whether the shell is there again.
Task<bool> Terminal::stop_command() {
    for (const auto& step : stop_steps) {
        shell_->signal_foreground(step.signal);
        shell_->probe();
        if (co_await answers_within(step.patience)) co_return true;
        if (shell_->exit_code()) co_return false;
    }
    co_return false;
}

Task<bool> Terminal::answers_within(milliseconds limit) {
    const auto end = steady_clock::now() + limit;
    while (!shell_->has_answered() && !shell_->exit_code() && steady_clock::now() < end)
        co_await changed_.wait_for(end - steady_clock::now());
    co_return shell_->has_answered();
}

Task<> Terminal::drop_shell() {
    if (!shell_) co_return;
    co_await shell_->close();
    shell_.reset();
}

void Terminal::take(Run& run, OutputKind kind, std::string_view bytes) {
    const bool is_output = kind == OutputKind::standard_output;
    if (!run.is_streamed) {
        (is_output ? run.output : run.errors).add(bytes);
        return;
    }
    auto text = (is_output ? run.output_pieces : run.error_pieces).add(bytes);
    if (text.empty() || run.is_abandoned) return;
    run.waiting_bytes += text.size();
    run.pieces.push_back({kind, std::move(text)});
    run.changed.notify_all();
    if (run.waiting_bytes >= stream_limit) changed_.notify_all();
}

Task<> Terminal::conclude(Run& run, End end, bool is_shell_back) {
    auto& result = run.result;
    result.timed_out = end == End::timed_out;
    result.exit_code = shell_->status().value_or(shell_->exit_code().value_or(128 + SIGKILL));
    const auto seconds = std::chrono::duration<double>(run.limit).count();
    if (end == End::timed_out && is_shell_back)
        add_note(
            result.system,
            fmt::format("The command was stopped after {} s. The shell and its state are kept.", seconds));
    if (end == End::timed_out && !is_shell_back)
        add_note(result.system, fmt::format("The command was stopped after {} s, and with it the shell: "
                                            "the next command starts a new one, without its state.",
                                            seconds));
    if (end == End::restarted) add_note(result.system, "The terminal was restarted while the command ran.");
    if (end == End::shell_ended)
        add_note(result.system,
                 fmt::format("The shell has ended with exit code {}. The next command starts a "
                             "new one, without its state.",
                             result.exit_code));
    if (const auto late = late_.take(); !late.empty())
        add_note(result.system, "Background jobs of earlier commands wrote:\n" + late);
    if (!is_shell_back) co_await drop_shell();
    if (!run.is_abandoned) co_await keep_texts(run);
}

Task<> Terminal::keep_texts(Run& run) {
    if (run.is_streamed) {
        for (const auto kind : {OutputKind::standard_output, OutputKind::standard_error}) {
            auto& pieces = kind == OutputKind::standard_output ? run.output_pieces : run.error_pieces;
            auto rest = pieces.finish();
            if (rest.empty()) continue;
            run.waiting_bytes += rest.size();
            run.pieces.push_back({kind, std::move(rest)});
        }
        co_return;
    }
    if (run.output.left_out() + run.errors.left_out() > 0)
        add_note(run.result.system,
                 "The output was too long to keep all of it: its beginning and its end are.");
    const auto make = [&run] {
        run.result.output = run.output.text();
        run.result.error = run.errors.text();
    };
    if (run.output.size() + run.errors.size() < processes::short_text) co_return make();
    // `run` is owned by the queue until this has ended.
    co_await async::run_on(pool_, make);
}

}  // namespace carrel::desk::terminal
