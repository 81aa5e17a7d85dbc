#include "desk/spawn/launch.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "core/sys.hpp"
#include "desk/spawn/child.hpp"

namespace carrel::desk::spawn {

namespace {

/// In the child. What goes wrong is written to `report`, which exec closes.
[[noreturn]] void become(char* const* words, const char* folder, char* const* environment, int output,
                         int report) {
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) ::dup2(nothing, 0);
    for (const int fd : {1, 2}) ::dup2(output, fd);
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    ::setsid();
    if (::chdir(folder) == 0) {
        reset_signals();
        give_way();
        ::execvpe(words[0], words, environment);
    }
    const int failure = errno;
    [[maybe_unused]] const auto count = ::write(report, &failure, sizeof failure);
    ::_exit(127);
}

}  // namespace

Launched launch(std::vector<std::string> words, const std::string& folder, int output) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    auto* environment = program_environment();
    int ends[2];
    core::checked("pipe", ::pipe2(ends, O_CLOEXEC));
    const core::Fd read_end{ends[0]};
    core::Fd write_end{ends[1]};
    const pid_t child = core::checked("starting " + words[0], ::fork());
    if (child == 0) become(arguments.data(), folder.c_str(), environment, output, write_end.get());
    write_end.reset();
    int failure = 0;
    if (::read(read_end.get(), &failure, sizeof failure) == sizeof failure) {
        ::waitpid(child, nullptr, 0);
        throw core::system_error("starting " + words[0], failure);
    }
    set_memory_score(child, agents_score);
    return {child,
            core::Fd{static_cast<int>(core::checked("pidfd_open", ::syscall(SYS_pidfd_open, child, 0)))}};
}

}  // namespace carrel::desk::spawn
