// A deny-list, not an allow-list: a desk runs whatever people install in it. Namespaces and the
// lack of capabilities are the walls; this closes parts of the kernel that a desktop never needs
// and where most ways through those walls have been found.
//
// Chromium's own sandbox must work: it clones user, pid and net namespaces and calls chroot.
#include "jail/desks/seccomp.hpp"

#include <linux/memfd.h>
#include <linux/seccomp.h>
#include <linux/shm.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "core/sys.hpp"
#include "jail/desks/allowances.hpp"

namespace carrel::jail::desks {

namespace {

using core::checked;

/// Calls refused with EPERM, by name: libseccomp knows each machine's numbers, and a name that a
/// machine does not have is passed over.
constexpr const char* denied_calls[] = {
    // mounts, and looking around them
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "open_tree",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "quotactl",
    "quotactl_fd",
    "swapon",
    "swapoff",
    "open_by_handle_at",
    // other namespaces and processes
    "setns",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
    // wide doors to the kernel
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "fanotify_init",
    "lookup_dcookie",
    "vhangup",
    "vmsplice",
    "migrate_pages",
    "move_pages",
    "mbind",
    "set_mempolicy",
    "set_mempolicy_home_node",
    // keys: keyrings are counted per uid but not kept apart by pid namespaces
    "add_key",
    "request_key",
    "keyctl",
    // the machine itself
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "reboot",
    "iopl",
    "ioperm",
    "syslog",
    "acct",
    "settimeofday",
    "clock_settime",
    "clock_settime64",
    "clock_adjtime",
    "clock_adjtime64",
    "adjtimex",
    "stime",
    "sethostname",
    "setdomainname",
    "nfsservctl",
    "uselib",
    "_sysctl",
    "sysfs",
    "ustat",
    "vm86",
    "vm86old",
    "modify_ldt",
};

/// Answered with ENOSYS, as by a kernel without them: aio(7) is counted once for the whole host, in
/// fs.aio-nr, and programs that use it have another way.
constexpr const char* missing_calls[] = {
    // glibc and Chromium fall back from clone3, whose flags a filter cannot see, to clone.
    "clone3",    "io_setup",     "io_destroy",    "io_submit",
    "io_cancel", "io_getevents", "io_pgetevents", "io_pgetevents_time64",
};

/// Newer than libseccomp 2.5.4.
constexpr int open_tree_attr = 467;

/// The condition that argument `index` under `mask` is `value`.
constexpr scmp_arg_cmp where(unsigned index, std::uint64_t mask, std::uint64_t value) {
    return {index, SCMP_CMP_MASKED_EQ, mask, value};
}

struct Rule {
    const char* call;
    int error;
    std::vector<scmp_arg_cmp> arguments;
};

std::vector<Rule> argument_rules() {
    std::vector<Rule> rules;
    for (const std::uint64_t flag : {CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWCGROUP}) {
        rules.push_back({"clone", EPERM, {where(0, flag, flag)}});
        rules.push_back({"unshare", EPERM, {where(0, flag, flag)}});
    }
    rules.push_back({"unshare", EPERM, {where(0, CLONE_NEWTIME, CLONE_NEWTIME)}});
    // Typing into the terminal of another process, and line disciplines, which the kernel loads as modules.
    // It looks at 32 bits of the request.
    constexpr std::uint64_t low_half = 0xFFFFFFFF;
    for (const std::uint64_t request : {TIOCSTI, TIOCLINUX, TIOCSETD})
        rules.push_back({"ioctl", EPERM, {where(1, low_half, request)}});
    // Device nodes; the kernel refuses them too.
    for (const std::uint64_t kind : {S_IFCHR, S_IFBLK}) {
        rules.push_back({"mknod", EPERM, {where(1, S_IFMT, kind)}});
        rules.push_back({"mknodat", EPERM, {where(2, S_IFMT, kind)}});
    }
    // Huge pages that the host has set aside, which are nobody's share. (Chromium asks memfd_create for all
    // flags at once and expects that error.)
    rules.push_back({"mmap", ENOMEM, {where(3, MAP_HUGETLB, MAP_HUGETLB)}});
    rules.push_back({"memfd_create", EINVAL, {where(1, MFD_HUGETLB, MFD_HUGETLB)}});
    rules.push_back({"shmget", ENOMEM, {where(2, SHM_HUGETLB, SHM_HUGETLB)}});
    // What waits in sockets is charged to nobody where groups are v1, and of netlink nowhere: each keeps to
    // the usual size, net.core.rmem_default. Errno 0: done, as programs expect of a wish that the kernel may
    // cut.
    rules.push_back({"setsockopt", 0, {where(1, low_half, SOL_SOCKET), where(2, low_half, SO_RCVBUF)}});
    // It writes out the file systems of the whole host; a desk's own are memory, or need none (overlays are
    // volatile).
    rules.push_back({"sync", 0, {}});
    return rules;
}

using Context = std::unique_ptr<void, decltype(&::seccomp_release)>;

void check(const char* what, int result) {
    if (result < 0) throw core::system_error(what, -result);
}

void add_rule(const Context& context, std::uint32_t action, int call,
              const std::vector<scmp_arg_cmp>& arguments = {}) {
    check("add a seccomp rule",
          ::seccomp_rule_add_array(context.get(), action, call, static_cast<unsigned>(arguments.size()),
                                   arguments.data()));
}

void refuse(const Context& context, const char* name, int error,
            const std::vector<scmp_arg_cmp>& arguments = {}) {
    const int call = ::seccomp_syscall_resolve_name(name);
    if (call >= 0) add_rule(context, SCMP_ACT_ERRNO(std::uint32_t(error)), call, arguments);
}

Filter export_filter(const Context& context) {
    const core::Fd file{checked("memfd_create", ::memfd_create("filter", MFD_CLOEXEC))};
    check("compile the seccomp filter", ::seccomp_export_bpf(context.get(), file.get()));
    struct stat status;
    checked("stat the filter", ::fstat(file.get(), &status));
    Filter filter(static_cast<std::size_t>(status.st_size) / sizeof(sock_filter));
    checked("read the filter", ::pread(file.get(), filter.data(), filter.size() * sizeof(sock_filter), 0));
    return filter;
}

}  // namespace

Filter compile_filter() {
    const Context context{::seccomp_init(SCMP_ACT_ALLOW), &::seccomp_release};
    if (!context) throw core::Error{core::Code::internal, "libseccomp cannot make a filter"};
    // 32-bit programs would come in by numbers that the rules do not know.
    check("set up seccomp",
          ::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)));
    // A search tree instead of a list: the filter runs at every system call of every desk.
    check("set up seccomp", ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
    for (const char* name : denied_calls) refuse(context, name, EPERM);
    for (const char* name : missing_calls) refuse(context, name, ENOSYS);
    add_rule(context, SCMP_ACT_ERRNO(EPERM), open_tree_attr);
    for (const auto& rule : argument_rules()) refuse(context, rule.call, rule.error, rule.arguments);
    add_rule(context, SCMP_ACT_NOTIFY, SCMP_SYS(socket), {where(0, 0xFFFFFFFF, AF_NETLINK)});
    auto filter = compile_allowances(allowances());
    const auto rest = export_filter(context);
    filter.insert(filter.end(), rest.begin(), rest.end());
    return filter;
}

core::Fd apply_filter(const Filter& filter) {
    const sock_fprog program{static_cast<unsigned short>(filter.size()),
                             const_cast<sock_filter*>(filter.data())};
    // A signal shall not interrupt who waits for an answer: programs expect no EINTR from socket(2).
    constexpr auto flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    const auto listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (listener >= 0) return core::Fd{static_cast<int>(listener)};
    // Somebody above us listens already (Incus and LXD do). Without a listener what it would be asked is
    // ENOSYS.
    if (errno != EBUSY) throw core::system_error("install the seccomp filter", errno);
    checked("install the seccomp filter", ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
    return {};
}

}  // namespace carrel::jail::desks
