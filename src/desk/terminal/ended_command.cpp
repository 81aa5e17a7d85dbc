// What whoever gave a command is told of its end, beside what it printed.
#include <fmt/format.h>

#include <csignal>
#include <utility>

#include "desk/terminal/notes.hpp"
#include "desk/terminal/terminal.hpp"

namespace carrel::desk::terminal {

namespace {

/// From here on a status says that something other than the command itself went wrong.
constexpr int least_odd_status = 126;

}  // namespace

std::string Terminal::describe_end(const Run& run, End end, bool is_shell_back) {
    const auto seconds = std::chrono::duration<double>(run.limit).count();
    if (end == End::timed_out && is_shell_back)
        return fmt::format("The command was stopped after {} s. The shell and its state are kept.", seconds);
    if (end == End::timed_out)
        return fmt::format(
            "The command was stopped after {} s, and with it the shell: the next command starts a new one, "
            "without its state.",
            seconds);
    if (end == End::unreported && !is_shell_back) {
        const auto reason = shell_->prompt();
        return fmt::format(
            "The command has ended, but the shell can report nothing any more{}{}: the exit code is not "
            "known. "
            "The next command starts a new shell, without the old one's state.",
            reason.empty() ? "" : ", after printing ", reason);
    }
    if (end == End::restarted) return "The terminal was restarted while the command ran.";
    if (end == End::shell_ended)
        return fmt::format(
            "The shell has ended with exit code {}. The next command starts a new one, without its state.",
            run.result.exit_code);
    return {};
}

Task<> Terminal::conclude(Run& run, End end, bool is_shell_back) {
    auto& result = run.result;
    result.timed_out = end == End::timed_out;
    result.exit_code = shell_->status().value_or(
        shell_->exit_code().value_or(shell_->probed_status().value_or(128 + SIGKILL)));
    add_note(result.system, std::exchange(note_, {}));
    add_note(result.system, describe_end(run, end, is_shell_back));
    if (is_shell_back && (result.timed_out || result.exit_code >= least_odd_status))
        if (const auto limits = shell_->lowered_limits(); !limits.empty())
            add_note(result.system,
                     fmt::format("An earlier command has limited this shell and all that it starts "
                                 "({}). Restarting the terminal ends that.",
                                 limits));
    if (const auto late = late_.take(); !late.empty())
        add_note(result.system, "Earlier commands, or jobs that they left, wrote since:\n" + late);
    if (!is_shell_back) co_await drop_shell();
    if (!run.is_abandoned) co_await keep_texts(run);
}

}  // namespace carrel::desk::terminal
