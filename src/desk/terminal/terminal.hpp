// The desk's terminal: one bash whose state lasts, and a queue of commands for it.
//
// Commands run one after another, each with its own limit of time, counted from its own start. What
// passes its limit is interrupted, then killed; the shell stays and keeps its directory, variables and
// functions. Only a shell that does not come back even then, or that a command has ended, is replaced,
// and the answer says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "async/run_on.hpp"
#include "async/scope.hpp"
#include "desk/processes/output.hpp"
#include "desk/terminal/shell.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::terminal {

/// How a command ended.
struct CommandResult {
    std::string output;  ///< standard output, well-formed UTF-8, at most 512 KiB: beginning and end
    std::string error;   ///< standard error, the same
    std::string system;  ///< what the terminal itself has to say; empty when all went as usual
    int exit_code = 0;   ///< 128 + n after signal n, as bash counts
    bool timed_out = false;
    std::chrono::milliseconds duration{};

    bool is_success() const { return exit_code == 0 && !timed_out; }
};

/// A command in the queue or at work. Shared by the terminal and whoever waits for it.
struct Run {
    struct Piece {
        OutputKind kind;
        std::string text;
    };
    static constexpr std::size_t kept_per_stream = std::size_t{512} << 10;

    explicit Run(async::Executor executor) : changed{std::move(executor)} {}

    std::string command;
    std::chrono::milliseconds limit{};
    bool is_streamed = false;   ///< pieces are kept for a reader, instead of the whole
    bool is_abandoned = false;  ///< nobody waits any more: it is interrupted, or never begun
    bool is_done = false;
    CommandResult result;        ///< when done; without output and error when streamed
    std::exception_ptr failure;  ///< why it could not be run
    processes::BoundedOutput output{kept_per_stream};
    processes::BoundedOutput errors{kept_per_stream};
    processes::TextPieces output_pieces;
    processes::TextPieces error_pieces;
    std::deque<Piece> pieces;
    std::size_t waiting_bytes = 0;  ///< in `pieces`
    async::Gate changed;            ///< pieces or is_done
};

/// A command that was given to the terminal. Going away before its end interrupts it.
class RunningCommand {
public:
    RunningCommand(std::shared_ptr<Run> run, async::Gate& terminal_changed);
    ~RunningCommand();
    RunningCommand(RunningCommand&&) noexcept = default;

    /// The next piece of what it prints when it is streamed; nothing at the end. Throws what kept the
    /// command from being run.
    Task<std::optional<Run::Piece>> next();
    /// Whether it has ended before `limit` was over.
    Task<bool> ends_within(async::Duration limit);
    /// Its end. Throws what kept the command from being run.
    Task<CommandResult> result();

private:
    std::shared_ptr<Run> run_;
    async::Gate* terminal_changed_;
};

class Terminal {
public:
    static constexpr std::size_t queue_limit = 64;

    /// No shell is started before the first command. `pool` makes long output into text.
    Terminal(async::Executor executor, async::Pool& pool, TerminalSettings settings);

    /// Runs `command` when its turn comes; `limit` counts from then. Throws Error{unavailable,
    /// "terminal_queue_full"}.
    RunningCommand start(std::string command, std::chrono::milliseconds limit);
    /// The same, with the output as it comes. A reader that does not read slows the command down.
    RunningCommand stream(std::string command, std::chrono::milliseconds limit);
    /// start, and its end; if the waiting task is cancelled, the command is interrupted.
    Task<CommandResult> execute(std::string command, std::chrono::milliseconds limit);
    /// Ends the shell with all that runs in its foreground, and starts a new one. The running command is
    /// answered; those that wait run in the new shell.
    Task<> restart();
    /// Ends everything. Nothing can be run afterwards.
    Task<> close();

    async::Pool& pool() { return pool_; }

private:
    enum class End { reported, shell_ended, timed_out, abandoned, restarted };

    std::shared_ptr<Run> enqueue(std::string command, std::chrono::milliseconds limit, bool is_streamed);
    void forget_abandoned();
    Task<> work();
    Task<> run_next();
    Task<> run_in_shell(Run& run);
    Task<> perform(Run& run);
    Task<End> wait_for_end(Run& run);
    Task<bool> stop_command();
    Task<bool> answers_within(std::chrono::milliseconds limit);
    Task<> drop_shell();
    void take(Run& run, OutputKind kind, std::string_view bytes);
    Task<> conclude(Run& run, End end, bool is_shell_back);
    Task<> keep_texts(Run& run);

    async::Executor executor_;
    async::Pool& pool_;
    TerminalSettings settings_;
    async::Gate changed_;
    LateOutput late_;
    std::deque<std::shared_ptr<Run>> queue_;
    std::unique_ptr<Shell> shell_;
    std::uint64_t restarts_wanted_ = 0;
    std::uint64_t restarts_done_ = 0;
    bool is_closed_ = false;
    async::Scope scope_;
};

/// terminal/execute, terminal/execute/stream, terminal/restart.
std::vector<rest::Binding> bind_terminal(Terminal& terminal);

}  // namespace carrel::desk::terminal
