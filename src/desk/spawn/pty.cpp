#include "desk/spawn/pty.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <map>

#include "core/sys.hpp"
#include "desk/spawn/child.hpp"

namespace carrel::desk::spawn {

using core::checked;
using core::Fd;

namespace {

/// Where a child failed, as it writes it to its parent.
struct Failure {
    enum class Step : int { folder, program } step;
    int error;
};

winsize to_winsize(PtySize size) {
    return {.ws_row = static_cast<unsigned short>(size.rows),
            .ws_col = static_cast<unsigned short>(size.columns),
            .ws_xpixel = 0,
            .ws_ypixel = 0};
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> result;
    result.reserve(words.size() + 1);
    for (const auto& word : words) result.push_back(const_cast<char*>(word.c_str()));
    result.push_back(nullptr);
    return result;
}

/// program_environment() with `changes`; they win.
std::vector<std::string> merged_environment(const std::vector<std::string>& changes) {
    std::map<std::string, std::string, std::less<>> lines;
    const auto set = [&](std::string line) {
        auto name = line.substr(0, line.find('='));
        lines[std::move(name)] = std::move(line);
    };
    for (char* const* line = program_environment(); *line; ++line) set(*line);
    for (const auto& line : changes) set(line);
    std::vector<std::string> result;
    for (auto& [name, line] : lines) result.push_back(std::move(line));
    return result;
}

[[noreturn]] void fail(int report, Failure::Step step) {
    const Failure failure{step, errno};
    [[maybe_unused]] const auto count = ::write(report, &failure, sizeof failure);
    ::_exit(127);
}

/// In the child: only async-signal-safe calls. Its memory is the parent's until it executes.
[[noreturn]] void become(const char* program, char* const* words, const char* folder,
                         char* const* environment, ChildEnds ends, int report) {
    ::setsid();
    if (ends.has_terminal) ::ioctl(ends.input, TIOCSCTTY, 0);
    ::dup2(ends.input, STDIN_FILENO);
    ::dup2(ends.output, STDOUT_FILENO);
    ::dup2(ends.error, STDERR_FILENO);
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (::chdir(folder) != 0) fail(report, Failure::Step::folder);
    reset_signals();
    give_way();
    ::execve(program, words, environment);
    fail(report, Failure::Step::program);
}

[[noreturn]] void throw_failure(const ChildWish& wish, Failure failure) {
    if (failure.step == Failure::Step::program)
        throw core::system_error("start " + wish.program, failure.error);
    throw core::Error{
        core::Code::not_found,
        fmt::format("cannot start in the directory {}: {}", wish.folder, core::describe_errno(failure.error)),
        "no_such_folder"};
}

}  // namespace

PtyEnds open_pty(PtySize size) {
    Fd master = core::open_file("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
    int locked = 0;
    checked("unlock the pseudo-terminal", ::ioctl(master.get(), TIOCSPTLCK, &locked));
    // By ioctl, not by name: a desk's /dev/pts need not be where ours is.
    Fd slave{checked("open the pseudo-terminal",
                     ::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC))};
    resize_pty(master.get(), size);
    return {std::move(master), std::move(slave)};
}

void resize_pty(int master, PtySize size) {
    const auto wanted = to_winsize(size);
    checked("size the terminal", ::ioctl(master, TIOCSWINSZ, &wanted));
}

Child spawn_child(const ChildWish& wish, const ChildEnds& ends) {
    const auto environment = merged_environment(wish.environment);
    const auto words = pointers(wish.words);
    const auto lines = pointers(environment);
    int pipe[2];
    checked("make a pipe", ::pipe2(pipe, O_CLOEXEC));
    const Fd reader{pipe[0]};
    Fd writer{pipe[1]};
    Child child;
    child.process = checked("start a program", ::fork());
    if (child.process == 0)
        become(wish.program.c_str(), words.data(), wish.folder.c_str(), lines.data(), ends, writer.get());
    writer.reset();
    Failure failure{};
    ssize_t count = 0;
    while ((count = ::read(reader.get(), &failure, sizeof failure)) < 0 && errno == EINTR) {
    }
    if (count == sizeof failure) {
        ::waitpid(child.process, nullptr, 0);
        throw_failure(wish, failure);
    }
    set_memory_score(child.process, agents_score);
    child.handle =
        Fd{static_cast<int>(checked("watch a program", ::syscall(SYS_pidfd_open, child.process, 0)))};
    return child;
}

}  // namespace carrel::desk::spawn
