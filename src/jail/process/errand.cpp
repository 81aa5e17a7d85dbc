#include "jail/process/errand.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "core/log.hpp"
#include "core/sys.hpp"
#include "jail/process/channel.hpp"
#include "jail/process/deadline.hpp"
#include "jail/process/pidfd.hpp"

namespace carrel::jail::process {

namespace {

using core::Fd;

/// From a child's last word, or its death, until its end is seen.
constexpr std::chrono::milliseconds longest_end{1000};

constexpr std::string_view handed = "handed";
constexpr std::string_view done = "done";
constexpr std::string_view failed = "failed ";

[[noreturn]] void do_work(const Fd& channel, const std::function<std::vector<Fd>()>& work) {
    ::prctl(PR_SET_NAME, "carrel-errand");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        const auto results = work();
        for (const auto& result : results) send_packet(channel.get(), std::string{handed}, result.get());
        send_packet(channel.get(), std::string{done});
        ::_exit(0);
    } catch (const core::Error& error) {
        send_packet(channel.get(), std::string{failed} + format_failure(error));
    } catch (const std::exception& error) {
        send_packet(channel.get(),
                    std::string{failed} + format_failure({core::Code::internal, error.what()}));
    }
    ::_exit(1);
}

/// The child of one errand; killed if it is not done.
class Child {
public:
    explicit Child(pid_t pid) : pid_{pid}, process_{find_process(pid)} {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (!is_done_) ::kill(pid_, SIGKILL);
        pollfd ended{process_.get(), POLLIN, 0};
        if (process_) ::poll(&ended, 1, static_cast<int>(longest_end.count()));
        // What hangs in the kernel even so is left behind: the jail has others to answer.
        if (::waitpid(pid_, nullptr, WNOHANG) != pid_)
            core::log_warning("a process of carrel-jail hangs in the kernel (pid {})", pid_);
    }

    void note_done() { is_done_ = true; }

private:
    pid_t pid_;
    Fd process_;
    bool is_done_ = false;
};

}  // namespace

std::vector<Fd> run_errand(std::string_view what, std::chrono::milliseconds limit,
                           const std::function<std::vector<Fd>()>& work) {
    const Deadline deadline{limit};
    auto [ours, theirs] = make_channel();
    const auto pid = core::checked("fork", ::fork());
    if (pid == 0) {
        ours.reset();
        try {
            do_work(theirs, work);
        } catch (...) {
            // Nobody hears us any more.
            ::_exit(1);
        }
    }
    theirs.reset();
    Child child{pid};
    std::vector<Fd> results;
    while (true) {
        deadline.wait_for(ours.get(), POLLIN, what);
        auto packet = receive_packet(ours.get());
        if (!packet) throw core::Error{core::Code::internal, fmt::format("{}: its process was ended", what)};
        if (packet->text.starts_with(failed))
            throw parse_failure(std::string_view{packet->text}.substr(failed.size())).during(what);
        if (packet->text == done) {
            child.note_done();
            return results;
        }
        results.push_back(std::move(packet->fd));
    }
}

}  // namespace carrel::jail::process
