// A deny-list, not an allow-list: a desk runs whatever people install in it. Namespaces and the
// lack of capabilities are the walls; this closes parts of the kernel that a desktop never needs
// and where most ways through those walls have been found.
//
// Chromium's own sandbox must work: it clones user, pid and net namespaces and calls chroot.
#include "jail/desks/seccomp.hpp"

#include <linux/netlink.h>
#include <linux/seccomp.h>
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

/// Newer than libseccomp 2.5.4; above 424 all machines share the numbers.
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
    // glibc and Chromium fall back from clone3, whose flags a filter cannot see, to clone.
    rules.push_back({"clone3", ENOSYS, {}});
    for (const std::uint64_t flag : {CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWCGROUP}) {
        rules.push_back({"clone", EPERM, {where(0, flag, flag)}});
        rules.push_back({"unshare", EPERM, {where(0, flag, flag)}});
    }
    rules.push_back({"unshare", EPERM, {where(0, CLONE_NEWTIME, CLONE_NEWTIME)}});
    // Typing into the terminal of another process. The kernel looks at 32 bits of the request.
    constexpr std::uint64_t low_half = 0xFFFFFFFF;
    for (const std::uint64_t request : {TIOCSTI, TIOCLINUX})
        rules.push_back({"ioctl", EPERM, {where(1, low_half, request)}});
    // Device nodes; the kernel refuses them too.
    for (const std::uint64_t kind : {S_IFCHR, S_IFBLK}) {
        rules.push_back({"mknod", EPERM, {where(1, S_IFMT, kind)}});
        rules.push_back({"mknodat", EPERM, {where(2, S_IFMT, kind)}});
    }
    // Old netfilter's tables, which root of a nested user namespace could load.
    constexpr std::uint64_t replace_table = 64, add_counters = 65;
    for (const std::uint64_t level : {std::uint64_t{0}, std::uint64_t{41}})  // SOL_IP, SOL_IPV6
        for (const auto option : {replace_table, add_counters})
            rules.push_back({"setsockopt", EPERM, {where(1, low_half, level), where(2, low_half, option)}});
    return rules;
}

bool is_allowed_family(int family) {
    return family == AF_UNSPEC || family == AF_UNIX || family == AF_INET || family == AF_INET6 ||
           family == AF_NETLINK;
}
/// What programs ask to learn about interfaces, connections and devices. Not netfilter and the
/// rest, of which a nested user namespace would make everybody an administrator.
bool is_allowed_netlink(int protocol) {
    return protocol == NETLINK_ROUTE || protocol == NETLINK_SOCK_DIAG || protocol == NETLINK_KOBJECT_UEVENT;
}

void add_socket_rules(std::vector<Rule>& rules) {
    constexpr std::uint64_t low_half = 0xFFFFFFFF;
    for (int family = 0; family < AF_MAX; ++family)
        if (!is_allowed_family(family))
            rules.push_back({"socket", EAFNOSUPPORT, {where(0, low_half, std::uint64_t(family))}});
    for (int protocol = 0; protocol < MAX_LINKS; ++protocol)
        if (!is_allowed_netlink(protocol))
            rules.push_back({"socket",
                             EPROTONOSUPPORT,
                             {where(0, low_half, AF_NETLINK), where(2, low_half, std::uint64_t(protocol))}});
}

using Context = std::unique_ptr<void, decltype(&::seccomp_release)>;

void check(const char* what, int result) {
    if (result < 0) throw core::system_error(what, -result);
}

void add_rule(const Context& context, int error, int call, const std::vector<scmp_arg_cmp>& arguments) {
    check("add a seccomp rule",
          ::seccomp_rule_add_array(context.get(), SCMP_ACT_ERRNO(std::uint32_t(error)), call,
                                   static_cast<unsigned>(arguments.size()), arguments.data()));
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
    for (const char* name : denied_calls) {
        const int call = ::seccomp_syscall_resolve_name(name);
        if (call >= 0) add_rule(context, EPERM, call, {});
    }
    add_rule(context, EPERM, open_tree_attr, {});
    auto rules = argument_rules();
    add_socket_rules(rules);
    for (const auto& rule : rules) {
        const int call = ::seccomp_syscall_resolve_name(rule.call);
        if (call >= 0) add_rule(context, rule.error, call, rule.arguments);
    }
    return export_filter(context);
}

void apply_filter(const Filter& filter) {
    const sock_fprog program{static_cast<unsigned short>(filter.size()),
                             const_cast<sock_filter*>(filter.data())};
    checked("install the seccomp filter", ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

}  // namespace carrel::jail::desks
