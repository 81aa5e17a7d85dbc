#include "jail/desks/inside.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/sys.hpp"
#include "jail/desks/mounts.hpp"
#include "jail/process/channel.hpp"
#include "jail/process/user.hpp"

namespace carrel::jail::desks {

namespace {

using core::checked;
using core::Fd;

constexpr int failed_before_program = 125;
constexpr int endpoint_number = 3;
constexpr int log_number = 4;
/// Where carrel-desk finds who asks for netlink sockets (desk/init/netlink.hpp).
constexpr int listener_number = 5;

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (const auto& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

class Inside {
public:
    explicit Inside(const Inheritance& given) : given_{given}, channel_{given.channel} {}

    int channel() const { return channel_; }

    void operator()(const plan::step::TakeRoot&) {
        auto packet = await();
        root_ = std::move(packet.fd);
        attach_root(root_.get());
    }
    void operator()(const plan::step::BecomeRoot&) { process::become_root(); }
    void operator()(const plan::step::Filesystem& s) { mount_filesystem(s, root_.get()); }
    void operator()(const plan::step::PlaceNodes& s) { attach_below(given_.nodes, s.at, root_.get()); }
    void operator()(const plan::step::TakeTree& s) { attach_below(await().fd.get(), s.at, root_.get()); }
    void operator()(const plan::step::Device& s) { bind_device(s, root_.get()); }
    void operator()(const plan::step::Hide& s) { hide(s, root_.get()); }
    void operator()(const plan::step::ReadOnly& s) { make_read_only(s); }
    void operator()(const plan::step::Link& s) { make_link(s, root_.get()); }
    void operator()(const plan::step::InnerFolder& s) { make_folder(s, root_.get()); }
    void operator()(const plan::step::Pivot&) {
        pivot(root_.get());
        root_.reset();
    }
    void operator()(const plan::step::Hostname& s) {
        checked("set the host name", ::sethostname(s.name.data(), s.name.size()));
    }
    void operator()(const plan::step::ConfigureNetwork& s) { network::configure(s); }
    void operator()(const plan::step::KernelValue& s) {
        if (::access(s.path.c_str(), F_OK) == 0) core::write_existing(s.path, s.value);
    }
    void operator()(const plan::step::ResourceLimit& s) { process::set_limit(s); }
    void operator()(const plan::step::AwaitGo&) { await(); }
    void operator()(const plan::step::HideGroups&) {
        checked("new cgroup namespace", ::unshare(CLONE_NEWCGROUP));
    }
    void operator()(const plan::step::DropCapabilities&) { process::drop_capabilities(); }
    void operator()(const plan::step::BecomeUser& s) { process::become_user(s); }
    void operator()(const plan::step::NewKeyring&) {
        // Kernels without keys, and filters of containers, say no; then there is none to be seen either.
        ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
    }
    void operator()(const plan::step::NoNewPrivileges&) {
        checked("no new privileges", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    }
    void operator()(const plan::step::FilterCalls&) { listener_ = apply_filter(*given_.filter); }
    void operator()(const plan::step::Run& s) {
        // Again, as the agent: whoever connects sees this process and its uid as the peer.
        checked("listen", ::listen(given_.endpoint, endpoint_backlog));
        set_up_descriptors();
        const auto arguments = pointers_to(s.arguments);
        const auto environment = pointers_to(s.environment);
        ::syscall(SYS_execveat, program_, "", arguments.data(), environment.data(), AT_EMPTY_PATH);
        throw core::system_error("run the desk's program", errno);
    }

private:
    process::Packet await() {
        auto packet = process::receive_packet(given_.channel);
        // Nobody is left who could be told.
        if (!packet) ::_exit(failed_before_program);
        return std::move(*packet);
    }

    /// 0 to 2 are /dev/null, 3 the endpoint, 4 the log, 5 the filter's listener where there is one;
    /// everything else closes when the program begins.
    void set_up_descriptors() {
        program_ = checked("duplicate the program", ::fcntl(given_.program, F_DUPFD_CLOEXEC, 10));
        channel_ = checked("duplicate the channel", ::fcntl(given_.channel, F_DUPFD_CLOEXEC, 10));
        const Fd endpoint{checked("duplicate the endpoint", ::fcntl(given_.endpoint, F_DUPFD_CLOEXEC, 10))};
        const Fd log{checked("duplicate the log", ::fcntl(given_.log, F_DUPFD_CLOEXEC, 10))};
        const Fd listener{
            listener_ ? checked("duplicate the listener", ::fcntl(listener_.get(), F_DUPFD_CLOEXEC, 10))
                      : -1};
        const Fd null = core::open_file("/dev/null", O_RDWR);
        for (int number = 0; number < endpoint_number; ++number)
            checked("redirect to /dev/null", ::dup2(null.get(), number));
        checked("place the endpoint", ::dup2(endpoint.get(), endpoint_number));
        checked("place the log", ::dup2(log.get(), log_number));
        checked("close_range", ::close_range(log_number + 1, ~0U, CLOSE_RANGE_CLOEXEC));
        if (listener) checked("place the listener", ::dup2(listener.get(), listener_number));
    }

    const Inheritance& given_;
    Fd root_;
    Fd listener_;
    int program_ = -1;
    int channel_;
};

/// The jail's signals are its own: nothing blocked, everything as it is by default.
void reset_signals() {
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

void run_inside(const plan::Plan& plan, const Inheritance& given) {
    Inside inside{given};
    try {
        reset_signals();
        ::umask(022);
        checked("setsid", ::setsid());
        for (const auto& step : plan.steps)
            if (const auto* ours = std::get_if<plan::DeskStep>(&step)) std::visit(inside, *ours);
    } catch (const std::exception& error) {
        const auto* known = dynamic_cast<const core::Error*>(&error);
        const auto failure =
            process::format_failure(known ? *known : core::Error{core::Code::internal, error.what()});
        // If the jail is gone, nobody is left who wants to know.
        ::send(inside.channel(), failure.data(), failure.size(), MSG_NOSIGNAL);
    }
    ::_exit(failed_before_program);
}

}  // namespace carrel::jail::desks
