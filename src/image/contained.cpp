#include "image/contained.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "core/sys.hpp"
#include "image/confined.hpp"

namespace carrel::image {

namespace {

using core::checked;

constexpr std::size_t longest_line = 4096;

/// Turns the signals that ask a program to end into something to read, for as long as it lives.
class EndRequests {
public:
    EndRequests() {
        sigset_t asked;
        ::sigemptyset(&asked);
        for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&asked, number);
        ::pthread_sigmask(SIG_BLOCK, &asked, &before_);
        fd_ = core::Fd{checked("signalfd", ::signalfd(-1, &asked, SFD_CLOEXEC))};
    }
    EndRequests(const EndRequests&) = delete;
    EndRequests& operator=(const EndRequests&) = delete;
    ~EndRequests() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    int fd() const { return fd_.get(); }
    const sigset_t& mask_before() const { return before_; }
    int read() const {
        signalfd_siginfo info;
        checked("read a signal", ::read(fd_.get(), &info, sizeof info));
        return static_cast<int>(info.ssi_signo);
    }

private:
    sigset_t before_{};
    core::Fd fd_;
};

int status_of(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/// The first process of the namespaces: waits for everything that is orphaned in there, and ends,
/// and with it all the rest, when the program ends.
[[noreturn]] void watch_over(pid_t program) {
    int status = 0;
    for (pid_t gone = 0; gone != program;) {
        gone = ::wait(&status);
        if (gone < 0 && errno != EINTR) ::_exit(1);
    }
    ::_exit(status_of(status));
}

/// In the new namespaces; says on the program's output what failed.
[[noreturn]] void run_inside(char* const* words, const std::string& temporary, int output,
                             const sigset_t& mask, const Confinement* confinement) {
    const auto require = [](const char* what, long result) {
        if (result >= 0) return;
        const auto line = fmt::format("{}: {}\n", what, core::describe_errno(errno));
        [[maybe_unused]] const auto written = ::write(2, line.data(), line.size());
        ::_exit(1);
    };
    ::dup2(output, 1);
    ::dup2(output, 2);
    require("prctl(PR_SET_PDEATHSIG)", ::prctl(PR_SET_PDEATHSIG, SIGKILL));
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    require("open /dev/null", nothing);
    ::dup2(nothing, 0);
    // No terminal: neither its Ctrl-C nor a package's question goes past us.
    require("setsid", ::setsid());
    require("make mounts private", ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
    require("mount /proc", ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
    const pid_t program = confinement ? fork_confined(*confinement) : ::fork();
    require("fork", program);
    if (program > 0) watch_over(program);
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    ::umask(022);
    ::setenv("TMPDIR", temporary.c_str(), 1);
    ::setenv("LC_ALL", "C.UTF-8", 1);
    ::setenv("DEBIAN_FRONTEND", "noninteractive", 1);
    ::execvp(words[0], words);
    require(words[0], -1);
    ::_exit(127);
}

/// Cuts a stream into lines; of one that is too long, the start.
class LineCutter {
public:
    explicit LineCutter(const Lines& on_line) : on_line_{on_line} {}

    void add(std::string_view bytes) {
        for (const char letter : bytes) {
            // apt ends the lines of its counters by a carriage return.
            if (letter == '\n' || letter == '\r')
                finish();
            else if (line_.size() < longest_line)
                line_ += letter;
        }
    }
    void finish() {
        if (!line_.empty()) on_line_(line_);
        line_.clear();
    }

private:
    const Lines& on_line_;
    std::string line_;
};

/// How long something that only looking tells may go on unseen.
constexpr int look_every = 200;  // milliseconds

/// Why a program was ended before its time.
struct Cut {
    int asked_by = 0;  ///< a signal
    std::optional<std::string> complaint;
};

/// Reads until nobody holds the other end.
Cut read_output(int output, const EndRequests& requests, pid_t program, const Lines& on_line,
                const Confinement* confinement) {
    LineCutter cutter{on_line};
    std::array<char, 16384> buffer;
    Cut cut;
    while (true) {
        std::array<pollfd, 2> waits{{{output, POLLIN, 0}, {requests.fd(), POLLIN, 0}}};
        if (::poll(waits.data(), waits.size(), confinement ? look_every : -1) < 0 && errno != EINTR)
            checked("poll", -1);
        if (confinement && !cut.complaint && (cut.complaint = confinement->complaint()))
            ::kill(program, SIGKILL);
        if (waits[1].revents != 0) {
            cut.asked_by = requests.read();
            ::kill(program, SIGKILL);
        }
        if (waits[0].revents == 0) continue;
        const auto count = ::read(output, buffer.data(), buffer.size());
        if (checked("read the output", count) == 0) break;
        cutter.add({buffer.data(), static_cast<std::size_t>(count)});
    }
    cutter.finish();
    return cut;
}

/// As fork, in new mount and pid namespaces.
pid_t fork_contained(bool is_confined) {
    clone_args arguments{};
    arguments.flags = CLONE_NEWNS | CLONE_NEWPID;
    if (is_confined) arguments.flags |= CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    arguments.exit_signal = SIGCHLD;
    return static_cast<pid_t>(
        checked("make namespaces (root is needed)", ::syscall(SYS_clone3, &arguments, sizeof arguments)));
}

/// Kills and waits on every path out.
class Child {
public:
    explicit Child(pid_t pid) : pid_{pid} {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (pid_ < 0) return;
        ::kill(pid_, SIGKILL);
        wait();
    }
    pid_t pid() const { return pid_; }
    int wait() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
        pid_ = -1;
        return status_of(status);
    }

private:
    pid_t pid_;
};

}  // namespace

int run_contained(const std::vector<std::string>& words, const std::string& temporary, const Lines& on_line,
                  const Confinement* confinement) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    int ends[2];
    checked("pipe", ::pipe2(ends, O_CLOEXEC));
    const core::Fd output{ends[0]};
    core::Fd input{ends[1]};
    const EndRequests requests;
    const pid_t pid = fork_contained(confinement != nullptr);
    if (pid == 0) run_inside(arguments.data(), temporary, input.get(), requests.mask_before(), confinement);
    Child child{pid};
    input.reset();
    const auto cut = read_output(output.get(), requests, child.pid(), on_line, confinement);
    const int status = child.wait();
    if (cut.asked_by != 0)
        throw core::Error{core::Code::unavailable,
                          fmt::format("cancelled by SIG{}", ::sigabbrev_np(cut.asked_by))};
    if (cut.complaint) throw core::Error{core::Code::exhausted, *cut.complaint};
    return status;
}

}  // namespace carrel::image
