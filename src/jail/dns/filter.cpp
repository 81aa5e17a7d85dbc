#include "jail/dns/filter.hpp"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "core/sys.hpp"

namespace carrel::jail::dns {

namespace {

constexpr const char* allowed_calls[] = {
    // talking
    "recvfrom",
    "recvmsg",
    "sendto",
    "sendmsg",
    "connect",
    "accept4",
    "poll",
    "ppoll",
    "getsockopt",
    // reading resolv.conf, telling the jail
    "read",
    "write",
    "writev",
    "close",
    "fstat",
    "stat",
    "newfstatat",
    "statx",
    "lseek",
    "fcntl",
    // memory, time, chance
    "brk",
    "mmap",
    "munmap",
    "mremap",
    "madvise",
    "mprotect",
    "clock_gettime",
    "gettimeofday",
    "getrandom",
    "futex",
    // the end
    "exit",
    "exit_group",
    "rt_sigreturn",
    "rt_sigprocmask",
    "rt_sigaction",
    "restart_syscall",
    "getpid",
    "gettid",
};

using Context = std::unique_ptr<void, decltype(&::seccomp_release)>;

void check(int result) {
    if (result < 0) throw core::system_error("filter the calls of carrel-jail dns", -result);
}

void allow(const Context& context, const char* name, std::initializer_list<scmp_arg_cmp> arguments = {}) {
    const int call = ::seccomp_syscall_resolve_name(name);
    if (call >= 0)
        check(::seccomp_rule_add_array(context.get(), SCMP_ACT_ALLOW, call,
                                       static_cast<unsigned>(arguments.size()), arguments.begin()));
}

}  // namespace

void filter_calls() {
    const Context context{::seccomp_init(SCMP_ACT_ERRNO(EPERM)), &::seccomp_release};
    if (!context) throw core::Error{core::Code::internal, "libseccomp cannot make a filter"};
    for (const char* name : allowed_calls) allow(context, name);
    for (const std::uint64_t family : {AF_INET, AF_INET6})
        allow(context, "socket", {{0, SCMP_CMP_EQ, family, 0}});
    // Files can be read, none be made or changed.
    allow(context, "openat", {{2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, 0}});
    check(::seccomp_load(context.get()));
}

}  // namespace carrel::jail::dns
