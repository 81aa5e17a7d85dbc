// The filter of desks, twice: read as the kernel reads it, for every name, value and machine; and put on a
// child that asks the kernel itself. What is refused is listed here again: a row that is lost from the
// program's tables is missed here.
#include "jail/desks/seccomp.hpp"

#include <doctest/doctest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace carrel::jail;

namespace {

using Arguments = std::array<std::uint64_t, 6>;

constexpr int allowed = -1;     ///< the call is made
constexpr int is_asked = -2;    ///< PID 1 is asked
constexpr int other = -3;       ///< anything else: never
constexpr int last_call = 469;  // file_setattr

const char* const refused =
    "mount umount umount2 pivot_root open_tree move_mount fsopen fsconfig fsmount fspick "
    "mount_setattr quotactl quotactl_fd swapon swapoff open_by_handle_at setns ptrace "
    "process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp bpf perf_event_open "
    "userfaultfd io_uring_setup io_uring_enter io_uring_register fanotify_init lookup_dcookie "
    "vhangup vmsplice migrate_pages move_pages mbind set_mempolicy set_mempolicy_home_node "
    "add_key request_key keyctl kexec_load kexec_file_load init_module finit_module "
    "delete_module create_module reboot iopl ioperm syslog acct settimeofday clock_settime "
    "clock_settime64 clock_adjtime clock_adjtime64 adjtimex stime sethostname setdomainname "
    "nfsservctl uselib _sysctl sysfs ustat vm86 vm86old modify_ldt";
const char* const missing =
    "clone3 io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents "
    "io_pgetevents_time64";
constexpr int open_tree_attr = 467;
/// What these are answered is a question of their arguments.
const char* const judged =
    "clone unshare ioctl mknod mknodat mmap memfd_create shmget socket socketpair setsockopt "
    "getsockopt personality sync";

#if defined(__x86_64__)
constexpr std::uint32_t own_machine = AUDIT_ARCH_X86_64, other_machine = AUDIT_ARCH_I386;
#else
constexpr std::uint32_t own_machine = AUDIT_ARCH_AARCH64, other_machine = AUDIT_ARCH_ARM;
#endif

const desks::Filter& filter() {
    static const auto compiled = desks::compile_filter();
    return compiled;
}

/// What the kernel does by the filter (Documentation/networking/filter.rst), of which it uses this much.
std::uint32_t run_filter(const seccomp_data& data) {
    std::uint32_t value = 0;
    for (std::size_t at = 0; at < filter().size(); ++at) {
        const auto& [code, yes, no, k] = filter()[at];
        const auto jump = [&](bool condition) { at += condition ? yes : no; };
        switch (code) {
            case BPF_LD | BPF_W | BPF_ABS:
                std::memcpy(&value, reinterpret_cast<const char*>(&data) + k, sizeof value);
                break;
            case BPF_ALU | BPF_AND | BPF_K: value &= k; break;
            case BPF_JMP | BPF_JA: at += k; break;
            case BPF_JMP | BPF_JEQ | BPF_K: jump(value == k); break;
            case BPF_JMP | BPF_JGE | BPF_K: jump(value >= k); break;
            case BPF_JMP | BPF_JGT | BPF_K: jump(value > k); break;
            case BPF_JMP | BPF_JSET | BPF_K: jump((value & k) != 0); break;
            case BPF_RET | BPF_K: return k;
            default: FAIL("the filter has an instruction that this test does not know: " << code);
        }
    }
    FAIL("the filter has no end");
    return 0;
}

/// An errno, or one of the above.
int judge(int call, const Arguments& arguments = {}, std::uint32_t machine = own_machine) {
    seccomp_data data{.nr = call, .arch = machine, .instruction_pointer = 0, .args = {}};
    std::ranges::copy(arguments, data.args);
    const auto action = run_filter(data);
    if (action == SECCOMP_RET_ALLOW) return allowed;
    if (action == SECCOMP_RET_USER_NOTIF) return is_asked;
    return (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO ? int(action & SECCOMP_RET_DATA) : other;
}
int judge(const char* name, const Arguments& arguments = {}) {
    const int call = ::seccomp_syscall_resolve_name(name);
    REQUIRE_MESSAGE(call >= 0, name);
    return judge(call, arguments);
}

/// Which numbers of this machine have these names, with spaces between them.
std::set<int> numbers_of(const char* names) {
    std::set<int> numbers;
    std::istringstream each{names};
    for (std::string name; each >> name;)
        if (const int call = ::seccomp_syscall_resolve_name(name.c_str()); call >= 0) numbers.insert(call);
    return numbers;
}

constexpr std::uint64_t everything = ~std::uint64_t{0};
constexpr Arguments all_ones{everything, everything, everything, everything, everything, everything};

}  // namespace

TEST_CASE("Each call is refused or not as it is listed here, whatever its arguments") {
    auto eperm = numbers_of(refused);
    eperm.insert(open_tree_attr);
    const auto enosys = numbers_of(missing);
    const auto by_arguments = numbers_of(judged);
    CHECK(eperm.size() > 55);
    for (int call = 0; call <= last_call; ++call) {
        if (by_arguments.contains(call)) continue;
        CAPTURE(call);
        const int expected = eperm.contains(call) ? EPERM : enosys.contains(call) ? ENOSYS : allowed;
        CHECK(judge(call) == expected);
        CHECK(judge(call, all_ones) == expected);
    }
}

TEST_CASE("Calls that a later kernel has, and those of another machine's programs, are as if unknown") {
    for (const int call : {last_call + 1, last_call + 2, 500, 1000, 0x3FFFFFFF}) CHECK(judge(call) == ENOSYS);
    for (int call = 0; call < 600; ++call) {
        CAPTURE(call);
        CHECK(judge(call, {}, other_machine) > 0);
        CHECK(judge(call, all_ones, other_machine) > 0);
        CHECK(judge(call | 0x40000000) == ENOSYS);  // x32
    }
    CHECK(judge(0, {}, other_machine) == ENOSYS);
}

TEST_CASE("A flag, a request or a kind decides") {
    struct Case {
        const char* call;
        Arguments arguments;
        int expected;
    };
    // The kernel looks at 32 bits of most of these: the others change nothing.
    constexpr std::uint64_t above = std::uint64_t{7} << 32;
    const Case cases[] = {
        {"clone", {CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | 17}, allowed},
        {"clone", {CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD}, allowed},
        {"clone", {CLONE_NEWUSER | CLONE_NEWNS}, EPERM},
        {"clone", {CLONE_NEWUTS}, EPERM},
        {"clone", {CLONE_NEWIPC}, EPERM},
        {"clone", {CLONE_NEWCGROUP | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET}, EPERM},
        {"unshare", {CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET}, allowed},
        {"unshare", {CLONE_NEWUSER | CLONE_NEWNS}, EPERM},
        {"unshare", {CLONE_NEWUTS}, EPERM},
        {"unshare", {CLONE_NEWIPC}, EPERM},
        {"unshare", {CLONE_NEWCGROUP}, EPERM},
        {"unshare", {CLONE_NEWTIME}, EPERM},
        {"ioctl", {0, 0x5401}, allowed},  // TCGETS
        {"ioctl", {0, 0x5412}, EPERM},    // TIOCSTI
        {"ioctl", {0, above | 0x5412}, EPERM},
        {"ioctl", {0, 0x541C}, EPERM},  // TIOCLINUX
        {"ioctl", {0, 0x5423}, EPERM},  // TIOCSETD
        {"ioctl", {0, above | 0x5423}, EPERM},
        {"ioctl", {0, 0x5424}, allowed},  // TIOCGETD
        {"mknod", {0, S_IFIFO | 0600}, allowed},
        {"mknod", {0, S_IFCHR | 0600}, EPERM},
        {"mknod", {0, S_IFBLK | 0600}, EPERM},
        {"mknodat", {0, 0, S_IFREG | 0600}, allowed},
        {"mknodat", {0, 0, S_IFCHR | 0600}, EPERM},
        {"mknodat", {0, 0, S_IFBLK | 0600}, EPERM},
        {"mmap", {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS}, allowed},
        {"mmap", {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB}, ENOMEM},
        {"memfd_create", {0, 1}, allowed},
        {"memfd_create", {0, 4}, EINVAL},                // MFD_HUGETLB
        {"memfd_create", {0, (21U << 26) | 5}, EINVAL},  // of 2 MB
        {"shmget", {0, 4096, 01600}, allowed},
        {"shmget", {0, 4096, 05600}, ENOMEM},  // SHM_HUGETLB
        {"sync", {}, 0},
        {"personality", {0}, allowed},
        {"personality", {8}, allowed},
        {"personality", {0x20000}, allowed},
        {"personality", {0x20008}, allowed},
        {"personality", {0xFFFFFFFF}, allowed},
        {"personality", {everything}, allowed},
        {"personality", {0x0040000}, EPERM},  // ADDR_NO_RANDOMIZE
        {"personality", {0x0400000}, EPERM},  // READ_IMPLIES_EXEC
        {"personality", {above | 0x0400008}, EPERM},
        {"socketpair", {1, 1}, allowed},
        {"socketpair", {above | 1, 2}, allowed},
    };
    for (const auto& [call, arguments, expected] : cases) {
        // Machines without mknod have mknodat alone.
        if (::seccomp_syscall_resolve_name(call) < 0) continue;
        CAPTURE(std::string{call});
        CAPTURE(arguments[0]);
        CAPTURE(arguments[1]);
        CAPTURE(arguments[2]);
        CHECK(judge(call, arguments) == expected);
    }
}

TEST_CASE("Sockets are of four families, of their ordinary types and protocols") {
    constexpr std::uint64_t flags = 02004000;  // SOCK_CLOEXEC | SOCK_NONBLOCK
    const std::set<std::uint64_t> families{1, 2, 10, 16};
    for (std::uint64_t family = 0; family < 300; ++family) {
        CAPTURE(family);
        if (!families.contains(family)) CHECK(judge("socket", {family, 1, 0}) == EAFNOSUPPORT);
        CHECK(judge("socketpair", {family, 1, 0}) == (family == 1 ? allowed : EAFNOSUPPORT));
    }
    CHECK(judge("socket", {0xFFFFFFFF, 1, 0}) == EAFNOSUPPORT);
    struct Family {
        std::uint64_t family;
        std::set<std::uint64_t> types;
        std::set<std::uint64_t> protocols;
        int expected;
    };
    const Family ordinary[] = {{1, {1, 2, 3, 5}, {0, 1}, allowed},
                               {2, {1, 2}, {0, 1, 6, 17, 58}, allowed},
                               {10, {1, 2}, {0, 1, 6, 17, 58}, allowed},
                               {16, {2, 3}, {0, 4, 15}, is_asked}};  // ROUTE, SOCK_DIAG, KOBJECT_UEVENT
    for (const auto& [family, types, protocols, expected] : ordinary) {
        CAPTURE(family);
        for (std::uint64_t type = 0; type < 16; ++type) {
            CAPTURE(type);
            const int wanted = types.contains(type) ? expected : ESOCKTNOSUPPORT;
            CHECK(judge("socket", {family, type, 0}) == wanted);
            CHECK(judge("socket", {family, type | flags, 0}) == wanted);
        }
        for (std::uint64_t protocol = 0; protocol < 300; ++protocol) {
            CAPTURE(protocol);
            CHECK(judge("socket", {family, *types.begin(), protocol}) ==
                  (protocols.contains(protocol) ? expected : EPROTONOSUPPORT));
        }
    }
    // By the upper half nobody gets around it.
    CHECK(judge("socket", {(std::uint64_t{1} << 32) | 16, 3, 0}) == is_asked);
    CHECK(judge("socket", {(std::uint64_t{1} << 32) | 16, 3, (std::uint64_t{1} << 32) | 12}) ==
          EPROTONOSUPPORT);
}

TEST_CASE("Options of sockets are the ordinary ones, set and asked for") {
    const std::set<std::uint64_t> levels{0, 1, 6, 17, 41, 58, 270};
    const auto is_ordinary = [](std::uint64_t level, std::uint64_t option) {
        switch (level) {
            case 0: return option >= 1 && option <= 52 && option != 16 && option != 17;
            case 41:
                return option >= 1 && option <= 78 && option != 34 && option != 35 && option != 64 &&
                       option != 65 && option != 68 && option != 69;
            case 6: return option >= 1 && option <= 44 && option != 31 && !(option >= 38 && option <= 42);
            case 17: return option == 1 || (option >= 101 && option <= 104);
            default: return true;
        }
    };
    for (const char* call : {"setsockopt", "getsockopt"}) {
        CAPTURE(std::string{call});
        for (std::uint64_t level = 0; level < 300; ++level) {
            CAPTURE(level);
            if (!levels.contains(level)) CHECK(judge(call, {3, level, 1}) == ENOPROTOOPT);
            if (levels.contains(level))
                for (std::uint64_t option = 0; option < 1300; ++option) {
                    CAPTURE(option);
                    // SO_RCVBUF: as if done.
                    const bool is_size = level == 1 && option == 8 && call == std::string{"setsockopt"};
                    CHECK(judge(call, {3, level, option}) == (is_size                      ? 0
                                                              : is_ordinary(level, option) ? allowed
                                                                                           : ENOPROTOOPT));
                }
        }
        // Old netfilter's tables, arptables, ebtables, IPVS, multicast routes; policies of IPsec.
        for (const std::uint64_t option : {64, 65, 66, 67, 80, 96, 97, 128, 200, 1152, 17})
            CHECK(judge(call, {3, 0, option}) == ENOPROTOOPT);
        CHECK(judge(call, {3, std::uint64_t{1} << 32, 64}) == ENOPROTOOPT);
    }
}

TEST_CASE("Of the requests to any socket those pass that only ask") {
    const std::set<std::uint64_t> asking{0x8901, 0x8902, 0x8903, 0x8904, 0x8905, 0x8906, 0x8907, 0x8910,
                                         0x8912, 0x8913, 0x8915, 0x8917, 0x8919, 0x891B, 0x891D, 0x8921,
                                         0x8927, 0x8933, 0x8935, 0x8938, 0x8942, 0x8946, 0x894B, 0x8970};
    for (std::uint64_t request = 0x8800; request < 0x8B00; ++request) {
        CAPTURE(request);
        const bool is_sockets = request >= 0x8900 && request < 0x8A00;
        CHECK(judge("ioctl", {3, request}) == (is_sockets && !asking.contains(request) ? EPERM : allowed));
    }
}

namespace {

/// What getpid answers to 32-bit programs.
int ask_by_other_entry() {
    int answer = -ENOSYS;
#if defined(__x86_64__)
    asm volatile("int $0x80" : "=a"(answer) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
#endif
    return answer;
}

/// A kernel without CONFIG_IA32_EMULATION, or started with ia32_emulation=off, ends who enters there.
bool has_other_entry() {
    const pid_t child = ::fork();
    if (child == 0) {
        ::signal(SIGSEGV, SIG_DFL);
        ask_by_other_entry();
        ::_exit(0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status);
}

}  // namespace

TEST_CASE("The kernel itself answers a child under the filter so, though it has all rights") {
    const auto compiled = desks::compile_filter();
    const auto eperm = numbers_of(refused);
    const auto enosys = numbers_of(missing);
    std::vector<int> calls{eperm.begin(), eperm.end()};
    calls.push_back(open_tree_attr);
    const auto first_missing = calls.size();
    calls.insert(calls.end(), enosys.begin(), enosys.end());
    calls.push_back(last_call + 1);
    auto* answers =
        static_cast<int*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    REQUIRE(answers != MAP_FAILED);
    REQUIRE(calls.size() < 1000);
    const bool is_there = has_other_entry();
    const pid_t child = ::fork();
    if (child == 0) {
        ::setsid();
        // Whoever is not root needs this, and sees some refusals of the kernel's own.
        if (::geteuid() != 0) ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        const auto listener = desks::apply_filter(compiled);
        // With arguments that do no harm should a call be made after all.
        for (std::size_t i = 0; i < calls.size(); ++i)
            answers[i] = ::syscall(calls[i], -1L, -1L, -1L, -1L, -1L, -1L) < 0 ? errno : 0;
        answers[calls.size()] = is_there ? -ask_by_other_entry() : ENOSYS;
        ::_exit(listener ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
    for (std::size_t i = 0; i < calls.size(); ++i) {
        CAPTURE(calls[i]);
        CHECK(answers[i] == (i < first_missing ? EPERM : ENOSYS));
    }
    CHECK(answers[calls.size()] == ENOSYS);
    ::munmap(answers, 4096);
}

TEST_CASE(
    "Under a filter that somebody listens to already there are no netlink sockets, and all else is as ever") {
    const auto compiled = desks::compile_filter();
    const pid_t child = ::fork();
    if (child == 0) {
        if (::geteuid() != 0) ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        auto first = desks::apply_filter(compiled);
        if (!first || desks::apply_filter(compiled)) ::_exit(1);
        first.reset();
        if (::socket(AF_NETLINK, SOCK_RAW, 0) >= 0 || errno != ENOSYS) ::_exit(2);
        if (::socket(AF_UNIX, SOCK_STREAM, 0) < 0) ::_exit(3);
        ::_exit(0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
}
