// The desk's terminal: one bash whose state lasts, and a queue of commands for it.
//
// Commands run one after another, each with its own limit of time, counted from its own start. What
// passes its limit is interrupted, then killed; the shell stays and keeps its directory, variables and
// functions. Only a shell that does not come back even then, that a command has ended, or that can run
// or report nothing any more is replaced, and the answer says so.
//
// A command that waits for input from the terminal itself, where nobody sits, is answered at once with what
// it asks (see prompt). It is *parked* then: answer() types for it and waits on; else the next command, a
// restart or its limit ends it. A command whose output is streamed is not parked, it tells.
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
    /// It has not ended: it waits for input from the terminal after this line, which may be empty. The exit
    /// code is no_exit_code then.
    std::optional<std::string> prompt;
    std::chrono::milliseconds duration{};

    static constexpr int no_exit_code = -1;

    /// What was typed for a streamed command has no end of its own, and asks nothing.
    bool is_success() const { return !timed_out && !prompt && (exit_code == 0 || exit_code == no_exit_code); }
};

/// Where a command's standard input comes from, piece by piece; see Terminal::write_input.
struct CommandInput {
    using Descriptor = boost::asio::posix::stream_descriptor;

    std::string id;  ///< empty: it has none
    std::optional<Descriptor> pipe;
    bool is_at_end = false;  ///< it was closed, by us or by the command
    bool is_being_written = false;
};

/// A command in the queue or at work. Shared by the terminal and whoever waits for it.
struct Run {
    struct Piece {
        enum class Kind { standard_output, standard_error, prompt };
        Kind kind;
        std::string text;
    };
    static constexpr std::size_t kept_per_stream = std::size_t{512} << 10;

    explicit Run(async::Executor executor) : changed{std::move(executor)} {}

    std::string command;                ///< or the answer to a command that waits
    std::chrono::milliseconds limit{};  ///< 0: none
    CommandInput input;
    bool is_streamed = false;    ///< pieces are kept for a reader, instead of the whole
    bool is_second_try = false;  ///< the shell of the first could run nothing any more
    bool is_abandoned = false;   ///< nobody waits any more: it is interrupted, or never begun
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
    /// Whether there is a next piece, or the end, before `limit` is over.
    Task<bool> has_news_within(async::Duration limit);
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
    /// The same, with the output as it comes. A reader that does not read slows the command down. A limit of
    /// 0 is none. With an `input_id`, its standard input comes by write_input.
    RunningCommand stream(std::string command, std::chrono::milliseconds limit, std::string input_id = {});
    /// Types `text` for the command that waits for input from the terminal; its end, or what it asks next,
    /// within `limit`. Throws Error{conflict, "nothing_waits"}.
    RunningCommand answer(std::string text, std::chrono::milliseconds limit);

    struct Written {
        std::size_t count = 0;
        bool is_open = true;  ///< false: the command takes no more
    };
    /// Gives the command of that input `bytes`, at its own speed, and the end of its input with `is_end`.
    /// Less is written when `limit` is over. Throws not_found when no command has that input, or it has
    /// ended.
    Task<Written> write_input(std::string input_id, std::string bytes, bool is_end, async::Duration limit);
    /// start, and its end; if the waiting task is cancelled, the command is interrupted.
    Task<CommandResult> execute(std::string command, std::chrono::milliseconds limit);
    /// Ends the shell with all that runs in its foreground, and starts a new one. The running command is
    /// answered; those that wait run in the new shell.
    Task<> restart();
    /// Ends everything. Nothing can be run afterwards.
    Task<> close();

    async::Pool& pool() { return pool_; }

private:
    enum class End { reported, unreported, shell_ended, timed_out, abandoned, restarted, waits, dead };

    std::shared_ptr<Run> make_run(std::string command, std::chrono::milliseconds limit) const;
    RunningCommand enqueue(std::shared_ptr<Run> run);
    void forget_abandoned();
    Task<> work();
    Task<> run_next();
    Task<> run_in_shell(Run& run);
    Task<> perform(Run& run);
    Task<> go_on(Run& run);
    Task<> follow(Run& run);
    Task<> perform_anew(Run& run);
    Task<End> wait_for_end(Run& run);
    void tell_prompt(Run& run);
    Task<> park(Run& run);
    Task<> keep_parked();
    Task<> answer_parked();
    Task<> end_parked();
    void fail_answer();
    void finish(Run& run);
    std::shared_ptr<Run> get_input(const std::string& input_id) const;
    bool try_open_input(Run& run);
    Task<bool> open_input(Run& run, std::chrono::steady_clock::time_point end);
    Task<bool> reports_again();
    Task<bool> stop_command();
    Task<bool> answers_within(std::chrono::milliseconds limit);
    Task<> drop_shell();
    void take(OutputKind kind, std::string_view bytes);
    std::string describe_end(const Run& run, End end, bool is_shell_back);
    Task<> conclude(Run& run, End end, bool is_shell_back);
    Task<> keep_texts(Run& run);

    async::Executor executor_;
    async::Pool& pool_;
    TerminalSettings settings_;
    async::Gate changed_;
    LateOutput late_;
    std::deque<std::shared_ptr<Run>> queue_;
    std::unique_ptr<Shell> shell_;
    Run* current_ = nullptr;  ///< whose output is taken
    bool is_parked_ = false;
    bool is_asking_ = false;  ///< the streamed command at work has told of a prompt
    std::chrono::steady_clock::time_point parked_until_;
    std::shared_ptr<Run> answer_;  ///< for the parked command
    std::string note_;             ///< for the next answer: what became of a parked command
    std::uint64_t restarts_wanted_ = 0;
    std::uint64_t restarts_done_ = 0;
    bool is_closed_ = false;
    async::Scope scope_;
};

/// terminal/execute, terminal/execute/stream, terminal/restart, terminal/answer, terminal/input.
std::vector<rest::Binding> bind_terminal(Terminal& terminal);

}  // namespace carrel::desk::terminal
