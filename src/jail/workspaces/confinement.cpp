#include "jail/workspaces/confinement.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "core/sys.hpp"
#include "jail/process/user.hpp"

namespace carrel::jail::workspaces {

namespace {

using core::checked;

constexpr const char* allowed_calls[] = {
    "read",         "write",     "close", "fstat",  "newfstatat", "getdents64",   "lseek",
    "readlinkat",   "readlink",  "brk",   "mmap",   "munmap",     "mremap",       "madvise",
    "mprotect",     "futex",     "fcntl", "exit",   "exit_group", "rt_sigreturn", "rt_sigprocmask",
    "rt_sigaction", "getrandom", "poll",  "gettid", "getpid",     "tgkill"};

void check(int result) {
    if (result < 0) throw core::system_error("filter the calls of a reader", -result);
}

void filter_calls() {
    const std::unique_ptr<void, decltype(&::seccomp_release)> context{::seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                                      &::seccomp_release};
    if (!context) throw core::Error{core::Code::internal, "libseccomp cannot make a filter"};
    for (const char* name : allowed_calls)
        if (const int call = ::seccomp_syscall_resolve_name(name); call >= 0)
            check(::seccomp_rule_add(context.get(), SCMP_ACT_ALLOW, call, 0));
    // Files can be read, none be made or changed.
    const scmp_arg_cmp is_reading{2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, 0};
    check(::seccomp_rule_add_array(context.get(), SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &is_reading));
    check(::seccomp_load(context.get()));
}

void keep_only_reading() {
    process::drop_capabilities();
    const std::unique_ptr<std::remove_pointer_t<cap_t>, decltype(&::cap_free)> few{::cap_init(), &::cap_free};
    const cap_value_t reading[] = {CAP_DAC_READ_SEARCH};
    for (const auto set : {CAP_PERMITTED, CAP_EFFECTIVE})
        checked("choose a capability", ::cap_set_flag(few.get(), set, 1, reading, CAP_SET));
    checked("give up capabilities", ::cap_set_proc(few.get()));
}

}  // namespace

void confine(int folder, int written) {
    // Above both places first, so that neither lands on the other.
    const int from = checked("duplicate the folder", ::fcntl(folder, F_DUPFD, 10));
    const int to = checked("duplicate the output", ::fcntl(written, F_DUPFD, 10));
    checked("place the folder", ::dup2(from, input));
    checked("place the output", ::dup2(to, output));
    checked("close_range", ::close_range(output + 1, ~0U, 0));
    checked("enter the folder", ::fchdir(input));
    checked("see nothing else", ::chroot("."));
    ::setpriority(PRIO_PROCESS, 0, 10);
    keep_only_reading();
    checked("no new privileges", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    filter_calls();
}

}  // namespace carrel::jail::workspaces
