#include "desk/terminal/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <utility>

#include "core/log.hpp"
#include "desk/terminal/notes.hpp"
#include "desk/terminal/prompt.hpp"

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

/// A shell that is idle has nothing else to do than to answer.
constexpr milliseconds report_patience{1000};

/// How often it is looked whether a command waits for input from the terminal, and for one that has taken
/// some time already.
constexpr milliseconds look_every{250};
constexpr milliseconds look_later_every{1000};
constexpr std::chrono::seconds some_time{10};
/// A shell that has not opened its side of a command's input yet says to nobody when it does.
constexpr milliseconds try_input_every{50};

Run::Piece::Kind piece_kind(OutputKind kind) {
    using Kind = Run::Piece::Kind;
    return kind == OutputKind::standard_output ? Kind::standard_output : Kind::standard_error;
}

}  // namespace

void add_note(std::string& notes, std::string_view note) {
    if (!notes.empty() && !note.empty()) notes += '\n';
    notes += note;
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

std::shared_ptr<Run> Terminal::make_run(std::string command, milliseconds limit) const {
    if (is_closed_) throw Error{Code::unavailable, "the desk is being ended"};
    if (command.contains('\0')) throw Error{Code::invalid, "a command cannot contain the character NUL"};
    auto run = std::make_shared<Run>(executor_);
    run->command = std::move(command);
    run->limit = limit;
    return run;
}

RunningCommand Terminal::enqueue(std::shared_ptr<Run> run) {
    forget_abandoned();
    if (queue_.size() >= queue_limit)
        throw Error{Code::unavailable,
                    fmt::format("{} commands wait for this terminal already; try again later", queue_limit),
                    "terminal_queue_full"};
    queue_.push_back(run);
    changed_.notify_all();
    return RunningCommand{std::move(run), changed_};
}

void Terminal::forget_abandoned() {
    if (queue_.size() < queue_limit) return;
    // The first one may be at work: run_next sees to that one.
    const auto begun = queue_.begin() + 1;
    queue_.erase(std::remove_if(begun, queue_.end(), [](const auto& run) { return run->is_abandoned; }),
                 queue_.end());
}

RunningCommand Terminal::start(std::string command, milliseconds limit) {
    return enqueue(make_run(std::move(command), limit));
}

Task<CommandResult> Terminal::execute(std::string command, milliseconds limit) {
    auto running = start(std::move(command), limit);
    co_return co_await running.result();
}

RunningCommand Terminal::stream(std::string command, milliseconds limit, std::string input_id) {
    auto run = make_run(std::move(command), limit);
    run->is_streamed = true;
    for (const auto& each : queue_)
        if (!input_id.empty() && each->input.id == input_id)
            throw Error{Code::conflict, fmt::format("there is an input {} already", input_id)};
    run->input.id = std::move(input_id);
    return enqueue(std::move(run));
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
    fail_answer();
    for (const auto& run : queue_) {
        run->failure = std::make_exception_ptr(Error{Code::unavailable, "the desk is being ended"});
        finish(*run);
    }
    queue_.clear();
    co_await late_.close();
}

Task<> Terminal::work() {
    while (true) {
        while (queue_.empty() && !is_parked_ && restarts_done_ == restarts_wanted_) co_await changed_.wait();
        if (restarts_done_ < restarts_wanted_) {
            const auto wanted = restarts_wanted_;
            co_await drop_shell();
            fail_answer();
            late_.take();
            note_.clear();
            restarts_done_ = wanted;
            changed_.notify_all();
        } else if (is_parked_) {
            co_await keep_parked();
        } else {
            co_await run_next();
        }
    }
}

Task<> Terminal::run_next() {
    const auto run = queue_.front();
    if (!run->is_abandoned) co_await run_in_shell(*run);
    queue_.pop_front();
    finish(*run);
}

void Terminal::finish(Run& run) {
    run.is_done = true;
    if (run.input.pipe) run.input.pipe->cancel();
    run.changed.notify_all();
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
    shell_->start_command(
        run.command, [this](OutputKind kind, std::string_view bytes) { take(kind, bytes); },
        !run.input.id.empty());
    is_asking_ = false;
    co_await go_on(run);
}

Task<> Terminal::go_on(Run& run) {
    std::exception_ptr failure;
    try {
        co_await follow(run);
    } catch (...) {
        failure = std::current_exception();
        if (async::is_cancellation(failure)) throw;
    }
    if (!failure) co_return;
    // Whoever gave it is told, and it is gone: what its shell still prints is no longer for it.
    current_ = nullptr;
    co_await drop_shell();
    add_note(note_,
             fmt::format("The shell of the command before could not go on ({}): this is a new one, without "
                         "its state.",
                         core::message_of(failure)));
    std::rethrow_exception(failure);
}

Task<> Terminal::follow(Run& run) {
    const auto start = steady_clock::now();
    current_ = &run;
    shell_->hold_output(false);
    const auto end = co_await wait_for_end(run);
    run.result.duration = std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
    if (end == End::waits) co_return co_await park(run);
    if (end == End::dead && !run.is_second_try) co_return co_await perform_anew(run);
    shell_->hold_output(false);
    const bool must_stop = end == End::timed_out || end == End::abandoned;
    const bool is_shell_back =
        end == End::unreported ? co_await reports_again() : !must_stop || co_await stop_command();
    shell_->finish_command();
    current_ = nullptr;
    run.result.duration = std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
    co_await conclude(run, end, is_shell_back);
}

/// In a new shell: the old one can run nothing any more, and has not begun this command.
Task<> Terminal::perform_anew(Run& run) {
    shell_->finish_command();
    current_ = nullptr;
    auto reason = shell_->prompt();
    if (reason.empty()) reason = last_line(run.errors.text());
    run.errors = processes::BoundedOutput{Run::kept_per_stream};
    run.is_second_try = true;
    add_note(note_,
             fmt::format("The shell could run nothing any more{}{}. This command ran in a new one, without "
                         "the old one's state.",
                         reason.empty() ? "" : ": ", reason));
    co_await drop_shell();
    shell_ = std::make_unique<Shell>(executor_, settings_, changed_, late_);
    co_await perform(run);
}

Task<Terminal::End> Terminal::wait_for_end(Run& run) {
    const auto start = steady_clock::now();
    const auto limit = run.limit > run.limit.zero() ? start + run.limit : steady_clock::time_point::max();
    auto next_look = start + look_every;
    milliseconds input_pause{1};
    std::optional<pid_t> seen;
    bool is_idle = false;
    while (true) {
        if (shell_->status()) co_return shell_->is_dead() ? End::dead : End::reported;
        if (shell_->exit_code()) co_return End::shell_ended;
        if (run.is_abandoned) co_return End::abandoned;
        if (restarts_done_ < restarts_wanted_) co_return End::restarted;
        shell_->hold_output(run.is_streamed && run.waiting_bytes >= stream_limit);
        const auto now = steady_clock::now();
        if (now >= limit) co_return End::timed_out;
        if (now < next_look) {
            auto wake = std::min(limit, next_look);
            // Also before there is any input: until then the shell does not begin.
            if (!run.input.id.empty() && !run.input.is_at_end && !try_open_input(run)) {
                wake = std::min(wake, now + input_pause);
                input_pause = std::min(2 * input_pause, try_input_every);
            }
            co_await changed_.wait_for(wake - now);
            continue;
        }
        // Twice, so that nobody is told of one who reads what is there already.
        const auto reader = co_await shell_->find_reader(pool_);
        const bool is_waiting = reader && reader == seen;
        seen = reader;
        // Twice here, too: a report may be on its way.
        const bool was_idle = std::exchange(is_idle, shell_->is_idle());
        if (!reader) is_asking_ = false;
        next_look = steady_clock::now() + (now - start < some_time ? look_every : look_later_every);
        if (shell_->status() || shell_->exit_code()) continue;
        if (is_idle && was_idle) co_return End::unreported;
        if (!is_waiting) continue;
        if (!run.is_streamed) co_return End::waits;
        tell_prompt(run);
    }
}

/// Whether a shell that is done, but has not said so, says so now. What it reports to may have been removed;
/// or else it can open no file any more, or has forgotten how.
Task<bool> Terminal::reports_again() {
    shell_->probe();
    co_return co_await answers_within(report_patience);
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
    is_parked_ = false;
    if (!shell_) co_return;
    co_await shell_->close();
    shell_.reset();
}

void Terminal::take(OutputKind kind, std::string_view bytes) {
    if (!current_) return late_.add(bytes);
    auto& run = *current_;
    const bool is_output = kind == OutputKind::standard_output;
    if (!run.is_streamed) {
        (is_output ? run.output : run.errors).add(bytes);
        return;
    }
    auto text = (is_output ? run.output_pieces : run.error_pieces).add(bytes);
    if (text.empty() || run.is_abandoned) return;
    run.waiting_bytes += text.size();
    run.pieces.push_back({piece_kind(kind), std::move(text)});
    run.changed.notify_all();
    if (run.waiting_bytes >= stream_limit) changed_.notify_all();
}

Task<> Terminal::keep_texts(Run& run) {
    if (run.is_streamed) {
        for (const auto kind : {OutputKind::standard_output, OutputKind::standard_error}) {
            auto& pieces = kind == OutputKind::standard_output ? run.output_pieces : run.error_pieces;
            auto rest = pieces.finish();
            if (rest.empty()) continue;
            run.waiting_bytes += rest.size();
            run.pieces.push_back({piece_kind(kind), std::move(rest)});
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
