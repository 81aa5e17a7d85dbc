// Stands in for carrel-desk in the desks of these tests: as PID 1 it runs what a test asks for on
// the endpoint, one line a connection, and answers with the output and "status N".
//
//   sh COMMAND     /bin/sh -c COMMAND
//   call NAME      one of the calls below, directly; answers "ok" or the errno's name
//   netlink N      asks for N netlink sockets at once; answers how many it got, and why it got no more
//   hold WHAT      takes as much of it as there is, see probe_hold; until the connection is closed
//   exit N         ends the desk
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/fd.hpp"
#include "desk/init/netlink.hpp"
#include "tests/privileged/probe_hold.hpp"

namespace {

constexpr int endpoint = 3;

struct Call {
    std::string_view name;
    long (*run)();
};

/// What a child of ours ends with: 0 or an errno.
long in_child(long (*run)()) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(run() < 0 ? errno : 0);
    int status = 0;
    ::waitpid(child, &status, 0);
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
    return errno == 0 ? 0 : -1;
}

/// A netlink socket in a network namespace of one's own, as its root.
long open_in_sandbox(int protocol) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) return -1;
    // What follows must see what the namespace is: a process that is not dumpable hides that.
    ::prctl(PR_SET_DUMPABLE, 1);
    return ::socket(AF_NETLINK, SOCK_RAW, protocol);
}

const Call calls[] = {
    {"mount", [] { return long{::mount("none", "/tmp", "tmpfs", 0, nullptr)}; }},
    {"umount", [] { return long{::umount2("/tmp", MNT_DETACH)}; }},
    {"fsopen", [] { return ::syscall(SYS_fsopen, "tmpfs", 0); }},
    {"open_tree", [] { return ::syscall(SYS_open_tree, AT_FDCWD, "/", 1); }},
    {"open_tree_attr", [] { return ::syscall(467, AT_FDCWD, "/", 1, nullptr, 0); }},
    {"pivot_root", [] { return ::syscall(SYS_pivot_root, "/tmp", "/tmp"); }},
    {"setns", [] { return long{::setns(::open("/proc/self/ns/net", O_RDONLY), 0)}; }},
    {"ptrace", [] { return in_child([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }); }},
    {"bpf", [] { return ::syscall(SYS_bpf, BPF_MAP_CREATE, nullptr, 0); }},
    {"keyctl", [] { return ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1); }},
    {"io_uring", [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }},
    {"userfaultfd", [] { return ::syscall(SYS_userfaultfd, 0); }},
    {"perf", [] { return ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    {"kexec", [] { return ::syscall(SYS_kexec_load, 0, 0, nullptr, 0); }},
    {"module", [] { return ::syscall(SYS_finit_module, 0, "", 0); }},
    {"reboot", [] { return ::syscall(SYS_reboot, 0, 0, 0, nullptr); }},
    {"settime", [] { return ::syscall(SYS_clock_settime, 0, nullptr); }},
    {"clone3", [] { return ::syscall(SYS_clone3, nullptr, 0); }},
    {"mknod", [] { return long{::mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0))}; }},
    {"tiocsti", [] { return long{::ioctl(0, TIOCSTI, "x")}; }},
    {"packet", [] { return long{::socket(AF_PACKET, SOCK_RAW, 0)}; }},
    {"vsock", [] { return long{::socket(AF_VSOCK, SOCK_STREAM, 0)}; }},
    {"nfnetlink", [] { return long{::socket(AF_NETLINK, SOCK_RAW, 12)}; }},
    {"rtnetlink", [] { return long{::socket(AF_NETLINK, SOCK_RAW, 0)}; }},
    {"rtnetlink in sandbox", [] { return in_child([] { return open_in_sandbox(0); }); }},
    {"uevents in sandbox", [] { return in_child([] { return open_in_sandbox(15); }); }},
    {"inet", [] { return long{::socket(AF_INET, SOCK_STREAM, 0)}; }},
    {"unshare mount", [] { return in_child([] { return long{::unshare(CLONE_NEWUSER | CLONE_NEWNS)}; }); }},
    {"unshare sandbox",
     [] { return in_child([] { return long{::unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)}; }); }},
    {"chroot in sandbox",
     [] {
         return in_child(
             [] { return ::unshare(CLONE_NEWUSER) < 0 ? -1L : long{::chroot("/proc/self/fdinfo")}; });
     }},
    {"mknod in sandbox",
     [] {
         return in_child([] {
             return ::unshare(CLONE_NEWUSER) < 0 ? -1L
                                                 : long{::mknod("/tmp/n", S_IFCHR | 0600, makedev(1, 3))};
         });
     }},
    {"sysctl in sandbox",
     [] {
         return in_child([] {
             return ::unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0
                        ? -1L
                        : long{::open("/proc/sys/net/ipv4/ip_forward", O_WRONLY)};
         });
     }},
    {"setuid", [] { return in_child([] { return long{::setuid(0)}; }); }},
};

std::string run_call(std::string_view name) {
    for (const auto& call : calls)
        if (call.name == name) return call.run() >= 0 ? "ok" : ::strerrorname_np(errno);
    return "there is no such call";
}

/// They are closed when it returns: who hears the answer may ask at once for as many again.
std::string open_netlink(int wanted) {
    std::vector<carrel::core::Fd> sockets;
    for (int count = 0; count < wanted; ++count) {
        sockets.emplace_back(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
        if (!sockets.back()) return std::to_string(count) + " " + ::strerrorname_np(errno);
    }
    return std::to_string(wanted);
}

/// In a process of its own, as long as the desk lives.
void guard_netlink(carrel::desk::init::NetlinkGuard& guard) {
    if (::fork() != 0) return;
    for (pollfd asked{guard.fd(), POLLIN, 0}; ::poll(&asked, 1, -1) > 0;) guard.answer();
    ::_exit(1);
}

/// The shell writes to the connection itself.
int run_shell(const char* command, int connection) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(connection, 1);
        ::dup2(connection, 2);
        ::close(connection);
        ::execl("/bin/sh", "sh", "-c", command, nullptr);
        ::_exit(127);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string read_line(int connection) {
    std::string line;
    char c;
    while (::read(connection, &c, 1) == 1 && c != '\n') line += c;
    return line;
}

/// Until the other side wants no more, or is no more.
void hold_until_closed(std::string_view what, int connection) {
    const auto held = carrel::test::hold(what) + "\n";
    (void)!::write(connection, held.data(), held.size());
    read_line(connection);
}

void answer(int connection) {
    const auto line = read_line(connection);
    if (line.starts_with("hold ")) return hold_until_closed(std::string_view{line}.substr(5), connection);
    std::string text;
    if (line.starts_with("exit ")) std::exit(std::atoi(line.c_str() + 5));
    if (line.starts_with("call ")) text = run_call(std::string_view{line}.substr(5)) + "\n";
    if (line.starts_with("netlink ")) text = open_netlink(std::atoi(line.c_str() + 8)) + "\n";
    const int status = line.starts_with("sh ") ? run_shell(line.c_str() + 3, connection) : 0;
    text += "status " + std::to_string(status) + "\n";
    (void)!::write(connection, text.data(), text.size());
    ::close(connection);
}

}  // namespace

int main() {
    ::signal(SIGPIPE, SIG_IGN);
    {
        carrel::desk::init::NetlinkGuard guard;
        guard_netlink(guard);
    }
    // From exec on nobody may look into a program that he may not read; tests look at what this one was
    // given.
    ::prctl(PR_SET_DUMPABLE, 1);
    while (true) {
        const int connection = ::accept4(endpoint, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) return 9;
        // Each in a process of its own, so that a command that never ends holds up nobody.
        if (::fork() == 0) {
            answer(connection);
            ::_exit(0);
        }
        ::close(connection);
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
    }
}
