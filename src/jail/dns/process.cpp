#include "jail/dns/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "core/sys.hpp"
#include "jail/process/deadline.hpp"
#include "jail/process/pidfd.hpp"

namespace carrel::jail::dns {

namespace {

using core::checked;
using core::Fd;

constexpr std::chrono::seconds longest_change{5};
/// It takes a fraction of that; where nobody else answers for names, waiting is better than giving up.
constexpr std::chrono::seconds longest_start{20};
constexpr int ready_number = 3;

struct flock dns_byte(short kind) {
    return {.l_type = kind, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1, .l_pid = 0};
}

/// Who holds the lock now; -1: nobody.
pid_t find_dns(int file) {
    auto question = dns_byte(F_WRLCK);
    checked("look for carrel-jail dns", ::fcntl(file, F_GETLK, &question));
    return question.l_type == F_UNLCK ? -1 : question.l_pid;
}

/// Whether the program of `pid` is older than ours: files, since both were started from one.
bool is_outdated(pid_t pid) {
    struct stat theirs, ours;
    if (::stat(fmt::format("/proc/{}/exe", pid).c_str(), &theirs) < 0) return false;
    checked("stat /proc/self/exe", ::stat("/proc/self/exe", &ours));
    if (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino) return false;
    return theirs.st_mtim.tv_sec < ours.st_mtim.tv_sec;
}

[[noreturn]] void become_dns(const Options& options, int ready) {
    const Fd null = core::open_file("/dev/null", O_RDWR);
    for (int number = 0; number < ready_number; ++number) ::dup2(null.get(), number);
    if (ready == ready_number)
        ::fcntl(ready, F_SETFD, 0);
    else
        ::dup2(ready, ready_number);
    ::close_range(ready_number + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    std::vector<std::string> words{"carrel-jail", "dns",
                                   "--lock",      options.lock,
                                   "--address",   options.address,
                                   "--uid",       fmt::to_string(options.uid),
                                   "--gid",       fmt::to_string(options.gid),
                                   "--ready",     fmt::to_string(ready_number)};
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    // Nothing of ours but how a line of the log looks.
    const char* format = std::getenv("CARREL_LOG_FORMAT");
    auto log_format = fmt::format("CARREL_LOG_FORMAT={}", format ? format : "");
    char* environment[] = {log_format.data(), nullptr};
    ::execve("/proc/self/exe", arguments.data(), environment);
    ::_exit(127);
}

/// A daemon: its own session, and nobody's child.
[[noreturn]] void detach(const Options& options, int ready) {
    ::setsid();
    if (const auto child = ::fork(); child != 0) ::_exit(child < 0 ? 1 : 0);
    become_dns(options, ready);
}

std::string read_to_end(const Fd& pipe) {
    const process::Deadline deadline{longest_start};
    std::string text;
    char buffer[512];
    while (true) {
        deadline.wait_for(pipe.get(), POLLIN, "starting carrel-jail dns");
        const auto count = checked("read", ::read(pipe.get(), buffer, sizeof buffer));
        if (count == 0) return text;
        text.append(buffer, static_cast<std::size_t>(count));
    }
}

void start_dns(const Options& options) {
    int ends[2];
    checked("pipe", ::pipe2(ends, O_CLOEXEC));
    const Fd ready{ends[0]};
    Fd theirs{ends[1]};
    const auto child = checked("fork", ::fork());
    if (child == 0) detach(options, theirs.get());
    theirs.reset();
    ::waitpid(child, nullptr, 0);
    const auto word = read_to_end(ready);
    if (word != "ok")
        throw core::Error{core::Code::unavailable, "desks would find no names: carrel-jail dns: " +
                                                       (word.empty() ? "ended at once" : word)};
}

}  // namespace

void ensure_process(int file, const Options& options) {
    const auto running = find_dns(file);
    if (running > 0 && is_outdated(running)) end_process(file);
    if (running < 0 || find_dns(file) < 0) start_dns(options);
}

void end_process(int file) {
    const auto pid = find_dns(file);
    if (pid <= 0) return;
    const auto process = process::find_process(pid);
    // Between both calls the number could have become another's.
    if (!process || find_dns(file) != pid) return;
    // It holds nothing, and one that is stopped or hangs shall go too.
    process::send_signal(process, SIGKILL);
    const process::Deadline deadline{longest_change};
    deadline.wait_for(process.get(), POLLIN, "ending carrel-jail dns");
    while (find_dns(file) == pid) deadline.pause("ending carrel-jail dns");
}

void take_lock(int file) {
    auto wanted = dns_byte(F_WRLCK);
    if (::fcntl(file, F_SETLK, &wanted) < 0)
        throw core::Error{core::Code::conflict, "another carrel-jail dns runs"};
}

}  // namespace carrel::jail::dns
