// Commands that wait for input from the terminal: told, answered, ended.
#include <fmt/format.h>

#include <utility>

#include "core/error.hpp"
#include "desk/terminal/notes.hpp"
#include "desk/terminal/terminal.hpp"

namespace carrel::desk::terminal {

using core::Code;
using core::Error;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// Who would answer a command has this long: whoever wants to run another one does not wait for that.
constexpr std::chrono::minutes parked_time{5};

/// What a program has asked on its own output, for want of something on the terminal: the last line, if it
/// has no end yet.
std::string_view open_line(std::string_view text) {
    return text.empty() || text.ends_with('\n') ? std::string_view{} : text.substr(text.rfind('\n') + 1);
}

std::string describe_prompt(std::string_view prompt) {
    const auto question =
        prompt.empty() ? std::string{"and has asked nothing"} : fmt::format("after printing \"{}\"", prompt);
    return fmt::format(
        "The command waits for input from its terminal, {}. Answer it with terminal/answer (text, Enter "
        "follows), "
        "or end it with the text \\u0003 (Ctrl-C). The next command ends it, too.",
        question);
}

}  // namespace

void Terminal::tell_prompt(Run& run) {
    if (std::exchange(is_asking_, true)) return;
    run.pieces.push_back({Run::Piece::Kind::prompt, shell_->prompt()});
    run.changed.notify_all();
}

Task<> Terminal::park(Run& run) {
    shell_->drain_output();
    current_ = nullptr;
    shell_->hold_output(true);
    is_parked_ = true;
    parked_until_ = steady_clock::now() + parked_time;
    auto& result = run.result;
    result.exit_code = CommandResult::no_exit_code;
    co_await keep_texts(run);
    auto prompt = shell_->prompt();
    if (prompt.empty()) prompt = open_line(result.error);
    if (prompt.empty()) prompt = open_line(result.output);
    add_note(result.system, std::exchange(note_, {}));
    add_note(result.system, describe_prompt(prompt));
    result.prompt = std::move(prompt);
}

RunningCommand Terminal::answer(std::string text, milliseconds limit) {
    auto run = make_run(std::move(text), limit);
    if (current_ && current_->is_streamed && is_asking_) {
        shell_->answer(run->command);
        is_asking_ = false;
        run->result.system = "It was typed. The command's own stream tells how it goes on.";
        run->result.exit_code = CommandResult::no_exit_code;
        run->is_done = true;
        return {std::move(run), changed_};
    }
    if (!is_parked_ || answer_ || !queue_.empty())
        throw Error{Code::conflict, "no command waits for input from the terminal", "nothing_waits"};
    answer_ = run;
    changed_.notify_all();
    return {std::move(run), changed_};
}

/// Until something becomes of it.
Task<> Terminal::keep_parked() {
    const auto now = steady_clock::now();
    const bool has_ended = shell_->status() || shell_->exit_code();
    if (answer_ && !has_ended) co_return co_await answer_parked();
    if (!has_ended && queue_.empty() && now < parked_until_)
        co_await changed_.wait_for(parked_until_ - now);
    else
        co_await end_parked();
}

Task<> Terminal::answer_parked() {
    const auto run = answer_;
    try {
        // A text that nobody waits for would be read by whoever reads next.
        if (!co_await shell_->find_reader(pool_))
            throw Error{Code::conflict,
                        "the command does not wait for input from the terminal any more, but it runs on",
                        "nothing_waits"};
        shell_->answer(run->command);
        is_parked_ = false;
        co_await go_on(*run);
    } catch (...) {
        if (async::is_cancellation(std::current_exception())) throw;
        run->failure = std::current_exception();
    }
    answer_.reset();
    finish(*run);
}

/// Makes room, and says what became of the command to whoever comes next.
Task<> Terminal::end_parked() {
    const bool has_ended = shell_->status() || shell_->exit_code();
    const bool is_shell_back = has_ended || co_await stop_command();
    shell_->hold_output(false);
    shell_->finish_command();
    is_parked_ = false;
    if (has_ended)
        add_note(note_, fmt::format("The command that waited for input has ended with exit code {}.",
                                    shell_->status().value_or(shell_->exit_code().value_or(0))));
    else
        add_note(note_, "The command that waited for input was stopped.");
    if (!is_shell_back) co_await drop_shell();
    fail_answer();
}

void Terminal::fail_answer() {
    if (!answer_) return;
    answer_->failure = std::make_exception_ptr(
        Error{Code::conflict, "the command that waited for input has ended meanwhile", "nothing_waits"});
    finish(*std::exchange(answer_, nullptr));
}

}  // namespace carrel::desk::terminal
