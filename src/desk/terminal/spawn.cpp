#include "desk/terminal/spawn.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <vector>

#include "core/sys.hpp"
#include "desk/spawn/child.hpp"
#include "desk/spawn/pty.hpp"

namespace carrel::desk::terminal {

using core::checked;
using core::Fd;

namespace {

spawn::PtyEnds open_terminal() {
    auto ends = spawn::open_pty({});
    termios settings{};
    checked("read the terminal's settings", ::tcgetattr(ends.slave.get(), &settings));
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    checked("set up the terminal", ::tcsetattr(ends.slave.get(), TCSANOW, &settings));
    return ends;
}

/// Without a prompt from the first line on: what is printed on the terminal is what programs ask.
std::vector<char*> shell_environment() {
    static char no_prompt[] = "PS1=";
    std::vector<char*> lines{no_prompt};
    for (char* const* line = spawn::unattended_environment(); *line; ++line)
        if (!std::string_view{*line}.starts_with(no_prompt)) lines.push_back(*line);
    lines.push_back(nullptr);
    return lines;
}

/// In the child: only async-signal-safe calls.
[[noreturn]] void become_shell(const char* bash, const char* home, int input, int terminal,
                               char* const* environment) {
    ::setsid();
    ::ioctl(terminal, TIOCSCTTY, 0);
    ::dup2(input, STDIN_FILENO);
    ::dup2(terminal, STDOUT_FILENO);
    ::dup2(terminal, STDERR_FILENO);
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (::chdir(home) != 0 && ::chdir("/") != 0) ::_exit(127);
    spawn::reset_signals();
    spawn::give_way();
    char name[] = "bash";
    char no_rc[] = "--norc";
    char no_editing[] = "--noediting";
    char interactive[] = "-i";
    char* const arguments[] = {name, no_rc, no_editing, interactive, nullptr};
    ::execve(bash, arguments, environment);
    ::_exit(127);
}

}  // namespace

SpawnedShell spawn_shell(const std::string& bash, const std::string& home) {
    auto terminal = open_terminal();
    int ends[2];
    checked("make a pipe", ::pipe2(ends, O_CLOEXEC));
    SpawnedShell shell;
    shell.input_reader = Fd{ends[0]};
    shell.input = Fd{ends[1]};
    checked("set up a pipe", ::fcntl(shell.input.get(), F_SETFL, O_NONBLOCK));
    const auto environment = shell_environment();
    // Its writing end is the child's until that executes, or fails to.
    checked("make a pipe", ::pipe2(ends, O_CLOEXEC));
    const Fd executed{ends[0]};
    Fd executing{ends[1]};
    shell.process = checked("start a shell", ::fork());
    if (shell.process == 0)
        become_shell(bash.c_str(), home.c_str(), shell.input_reader.get(), terminal.slave.get(),
                     environment.data());
    executing.reset();
    for (char none; ::read(executed.get(), &none, 1) < 0 && errno == EINTR;) {
    }
    spawn::set_memory_score(shell.process, spawn::agents_score);
    shell.handle =
        Fd{static_cast<int>(checked("watch the shell", ::syscall(SYS_pidfd_open, shell.process, 0)))};
    shell.terminal = std::move(terminal.master);
    return shell;
}

}  // namespace carrel::desk::terminal
