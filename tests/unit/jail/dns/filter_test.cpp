#include "jail/dns/filter.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

namespace {

/// The errno of `call` under the filter, 0 when it is let through; in a child.
int filtered(long (*call)()) {
    const auto child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        carrel::jail::dns::filter_calls();
        const long result = call();
        ::syscall(SYS_exit_group, result < 0 ? errno : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

long open_as(int flags) { return ::syscall(SYS_openat, AT_FDCWD, "/dev/null", flags, 0600); }

struct Refused {
    const char* what;
    long (*call)();
};

}  // namespace

TEST_CASE("The resolver may read files and talk over IP, and nothing beyond") {
    CHECK(filtered([] { return open_as(O_RDONLY | O_CLOEXEC); }) == 0);
    CHECK(filtered([] { return ::syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0); }) == 0);
    CHECK(filtered([] { return ::syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }) == 0);
    for (const auto& [what, call] : {
             Refused{"open for writing", [] { return open_as(O_WRONLY); }},
             Refused{"open for both", [] { return open_as(O_RDWR); }},
             Refused{"make a file", [] { return open_as(O_RDONLY | O_CREAT); }},
             Refused{"the older open", [] { return ::syscall(SYS_open, "/dev/null", O_WRONLY); }},
             Refused{"a Unix socket", [] { return ::syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }},
             Refused{"netlink", [] { return ::syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0); }},
             Refused{"packets", [] { return ::syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0); }},
             Refused{"a pair", [] { return ::syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, nullptr); }},
             Refused{"listen", [] { return ::syscall(SYS_listen, 0, 1); }},
             Refused{"bind", [] { return ::syscall(SYS_bind, 0, nullptr, 0); }},
             Refused{"run a program", [] { return ::syscall(SYS_execve, "/bin/true", nullptr, nullptr); }},
             Refused{"a process", [] { return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0); }},
             Refused{"clone3", [] { return ::syscall(SYS_clone3, nullptr, 0); }},
             Refused{"a signal", [] { return ::syscall(SYS_kill, ::getppid(), 0); }},
             Refused{"a signal to a thread",
                     [] { return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0); }},
             Refused{"ptrace", [] { return ::syscall(SYS_ptrace, 0, 0, 0, 0); }},
             Refused{"another process's memory",
                     [] { return ::syscall(SYS_process_vm_readv, ::getppid(), nullptr, 0, nullptr, 0, 0); }},
             Refused{"a namespace", [] { return ::syscall(SYS_unshare, CLONE_NEWUSER); }},
             Refused{"io_uring", [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }},
             Refused{"list a directory", [] { return ::syscall(SYS_getdents64, 0, nullptr, 0); }},
             Refused{"remove", [] { return ::syscall(SYS_unlinkat, AT_FDCWD, "/nowhere", 0); }},
             Refused{"rename", [] { return ::syscall(SYS_rename, "/nowhere", "/there"); }},
             Refused{"ioctl", [] { return ::syscall(SYS_ioctl, 0, 0, 0); }},
             Refused{"another user", [] { return ::syscall(SYS_setresuid, 1, 1, 1); }},
         }) {
        CAPTURE(what);
        CHECK(filtered(call) == EPERM);
    }
}
