// One living bash: its commands in, their output and their ends out.
//
// How a command runs. Its text is written to a file in a directory of the shell's own (0700) and bash
// is told, in one short line, to read that file as if it had been typed, with output and errors going
// to two named pipes and input from /dev/null, or from one more pipe. A text with an open quote, an
// unfinished here-document or a comment at its end therefore ends where the file ends. The same line then
// makes bash report the exit status to a third named pipe, together with a token that is new for every
// command: nothing that a command prints can be taken for its end, and a report that comes late is recognised
// as such. None of the three pipes is inherited by what the command starts, so no `exec` and no daemon closes
// them.
//
// An interrupt throws bash back to its prompt, past the rest of that line: PROMPT_COMMAND reports then.
// And since a command may have replaced PROMPT_COMMAND, an interrupt is followed by a *probe*, a line
// that does nothing but report: once it is answered, bash is known to listen again.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/gate.hpp"
#include "async/run_on.hpp"
#include "async/scope.hpp"
#include "desk/terminal/capture.hpp"
#include "desk/terminal/limits.hpp"
#include "desk/terminal/spawn.hpp"

namespace carrel::desk::terminal {

enum class OutputKind { standard_output, standard_error };

struct TerminalSettings {
    std::string bash = "/bin/bash";
    std::string home = "/";       ///< where a shell starts
    std::string folder = "/tmp";  ///< the shell's own directory is made in it: XDG_RUNTIME_DIR in a desk
};

/// A directory that only we may read, removed with what we put in it.
class PrivateFolder {
public:
    explicit PrivateFolder(const std::string& parent);
    ~PrivateFolder();
    PrivateFolder(const PrivateFolder&) = delete;
    PrivateFolder& operator=(const PrivateFolder&) = delete;
    const std::string& path() const { return path_; }
    /// Makes it again when somebody has removed it.
    void ensure() const;

private:
    std::string path_;
};

/// Every change of state is announced on the gate; gate and late output outlive the shell.
class Shell {
public:
    using Take = std::function<void(OutputKind, std::string_view)>;

    /// Starts bash. Throws when that fails.
    Shell(async::Executor executor, const TerminalSettings& settings, async::Gate& changed, LateOutput& late);
    ~Shell();
    Shell(const Shell&) = delete;
    Shell& operator=(const Shell&) = delete;

    /// Runs `command`; `take` gets what it prints until finish_command. With `has_input` it waits for
    /// open_input before it begins. Throws when the command cannot be written down (disk full).
    void start_command(std::string_view command, Take take, bool has_input = false);
    /// The writing side of the command's standard input, non-blocking; an empty one before the shell reads.
    core::Fd open_input() const;
    /// Of the command that was started last, once it has ended.
    std::optional<int> status() const { return status_; }
    /// Whether that command was never begun, because the shell can open nothing any more.
    bool is_dead() const { return status_ && !has_begun_; }
    /// Gives `take` what has been printed by now.
    void drain_output();
    /// Reads what the command has printed before it ended, and lets go of `take`.
    void finish_command();

    /// While held, output is not read: a command that prints on waits.
    void hold_output(bool is_held);

    /// SIGINT or SIGKILL to what runs in the foreground. The shell itself is never killed, only interrupted.
    void signal_foreground(int signal);
    /// Asks the shell to report; answers to earlier probes are forgotten.
    void probe();
    bool has_answered() const { return has_answered_; }
    /// With its answer to a probe: the status of the last command, by what the shell itself remembers.
    std::optional<int> probed_status() const { return probed_status_; }

    /// Whether it waits for a command: all that it was given is done, whatever it has reported.
    bool is_idle() const;
    /// "ulimit -u 0" of limits that commands have lowered for the shell itself; empty when there are none.
    std::string lowered_limits() const;

    /// Who sleeps in the foreground because it reads the terminal, on which nobody has typed anything for it.
    Task<std::optional<pid_t>> find_reader(async::Pool& pool);
    /// The last line that was printed on the terminal itself since the command began, or was answered.
    std::string prompt();
    /// Types on the terminal. Throws Error{unavailable} when it takes no more.
    void answer(std::string_view text);

    /// Bash's own exit code (128 + n after signal n) once it has ended.
    std::optional<int> exit_code() const { return exit_code_; }
    /// Ends the shell: as a closing terminal does, then by force. What it printed is given up.
    Task<> close();

private:
    std::string path_of(std::string_view name) const { return folder_.path() + "/" + std::string{name}; }
    void write_command(std::string_view command);
    void ensure_pipes();
    void ensure_reports();
    void type(std::string_view line);
    pid_t foreground_group() const;
    /// The side of the terminal that programs have; an empty one when it cannot be opened.
    core::Fd open_slave();
    /// Keeps the end of what was printed there. False when nobody has the terminal open.
    bool read_terminal();
    void retire_if_shared(OutputKind kind);
    std::shared_ptr<Capture>& capture_of(OutputKind kind);
    void open_capture(OutputKind kind);
    void open_reports();

    Task<> follow_output(OutputKind kind, std::shared_ptr<Capture> capture);
    Task<> follow_reports(std::shared_ptr<Capture> reports);
    Task<> follow_terminal();
    Task<> await_exit();
    void read_reports(std::string_view bytes);
    void accept_report(std::string_view line);
    void take_output(OutputKind kind, std::string_view bytes);

    async::Executor executor_;
    async::Gate& changed_;
    LateOutput& late_;
    PrivateFolder folder_;
    SpawnedShell process_;
    boost::asio::posix::stream_descriptor terminal_;
    boost::asio::posix::stream_descriptor handle_;
    std::shared_ptr<Capture> output_;
    std::shared_ptr<Capture> errors_;
    std::shared_ptr<Capture> reports_;
    std::string unread_report_;
    std::string printed_;  ///< on the terminal itself: the end of it
    Take take_;
    std::string token_;
    std::string probe_token_;
    std::optional<int> status_;
    std::optional<int> probed_status_;
    std::optional<int> exit_code_;
    Limits first_limits_{};
    bool has_answered_ = false;
    bool has_begun_ = true;
    bool is_held_ = false;
    async::Scope scope_;
};

}  // namespace carrel::desk::terminal
