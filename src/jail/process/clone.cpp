#include "jail/process/clone.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/sys.hpp"

namespace carrel::jail::process {

namespace {

using core::checked;
using core::Fd;

void set_effective_user(uid_t user) {
    checked("change the effective user", ::setresuid(static_cast<uid_t>(-1), user, static_cast<uid_t>(-1)));
}

long clone_now(const Clone& step, const Fd& group, int& process) {
    clone_args arguments{};
    arguments.flags = step.namespaces | CLONE_PIDFD | (group ? CLONE_INTO_CGROUP : 0);
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&process);
    arguments.exit_signal = SIGCHLD;
    arguments.cgroup = group ? static_cast<std::uint64_t>(group.get()) : 0;
    const auto pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid >= 0 || errno != ENOSYS || group) return pid;
    return ::syscall(SYS_clone, step.namespaces | CLONE_PIDFD | SIGCHLD, nullptr, &process, nullptr, nullptr);
}

}  // namespace

Cloned clone_process(const Clone& step) {
    int process = -1;
    const Fd group = step.group.empty() ? Fd{} : core::open_file(step.group, O_PATH | O_DIRECTORY);
    // The namespace belongs to the effective user of whoever makes it. The change would take the
    // capabilities away that making it needs, unless a secure bit says no.
    const int bits = checked("read the secure bits", ::prctl(PR_GET_SECUREBITS));
    checked("set the secure bits", ::prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP));
    set_effective_user(step.owner);
    const auto pid = clone_now(step, group, process);
    // A new user namespace begins with fresh bits, and there BecomeRoot sets the user.
    if (pid == 0) return {0, Fd{}};
    const int error = errno;
    set_effective_user(::getuid());
    checked("restore the secure bits", ::prctl(PR_SET_SECUREBITS, bits));
    if (pid < 0) throw core::system_error("clone into new namespaces", error);
    return {static_cast<pid_t>(pid), Fd{process}};
}

}  // namespace carrel::jail::process
