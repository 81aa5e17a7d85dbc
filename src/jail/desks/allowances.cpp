#include "jail/desks/allowances.hpp"

#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <seccomp.h>
#include <sys/personality.h>
#include <sys/socket.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <string_view>

namespace carrel::jail::desks {

namespace {

// Of socket(2); above its low bits a type has flags.
constexpr Argument its_family{0}, its_type{1, 0xF}, its_protocol{2};
// Of setsockopt(2) and getsockopt(2).
constexpr Argument its_level{1}, its_option{2};

/// An unknown family, type or protocol lets the kernel load a module that has it, and in a user namespace of
/// its own everybody may use the raw ones.
void add_sockets(std::vector<Allowance>& rows) {
    const auto add = [&](int of, Argument argument, int error, std::vector<Values> values) {
        rows.push_back(
            {"socket", error, Condition{its_family, std::uint32_t(of)}, argument, std::move(values)});
    };
    rows.push_back({"socket",
                    EAFNOSUPPORT,
                    {},
                    its_family,
                    {only(AF_UNIX), only(AF_INET), only(AF_INET6), only(AF_NETLINK)}});
    add(AF_UNIX, its_type, ESOCKTNOSUPPORT, {{SOCK_STREAM, SOCK_RAW}, only(SOCK_SEQPACKET)});
    add(AF_UNIX, its_protocol, EPROTONOSUPPORT, {{0, AF_UNIX}});
    for (const int ip : {AF_INET, AF_INET6}) {
        add(ip, its_type, ESOCKTNOSUPPORT, {{SOCK_STREAM, SOCK_DGRAM}});
        add(ip, its_protocol, EPROTONOSUPPORT,
            {{IPPROTO_IP, IPPROTO_ICMP}, only(IPPROTO_TCP), only(IPPROTO_UDP), only(IPPROTO_ICMPV6)});
    }
    // What programs ask to learn about interfaces, connections and devices. Not netfilter and the rest, of
    // which a nested user namespace would make everybody an administrator.
    add(AF_NETLINK, its_type, ESOCKTNOSUPPORT, {{SOCK_DGRAM, SOCK_RAW}});
    add(AF_NETLINK, its_protocol, EPROTONOSUPPORT,
        {only(NETLINK_ROUTE), only(NETLINK_SOCK_DIAG), only(NETLINK_KOBJECT_UEVENT)});
    rows.push_back({"socketpair", EAFNOSUPPORT, {}, its_family, {only(AF_UNIX)}});
}

/// Not the tables of old netfilter, of multicast routing and IPVS, not policies of IPsec and no upper
/// protocols. Both calls load modules, and root of a nested user namespace could fill what they find.
void add_socket_options(std::vector<Allowance>& rows) {
    struct Level {
        std::uint32_t level;
        std::vector<Values> options;
    };
    // linux/in.h, in6.h, tcp.h and udp.h, up to the last ordinary one of each.
    const Level narrowed[] = {{SOL_IP, {{1, 15}, {18, 52}}},
                              {SOL_IPV6, {{1, 33}, {36, 63}, {66, 67}, {70, 78}}},
                              {SOL_TCP, {{1, 30}, {32, 37}, {43, 44}}},  // not 31, TCP_ULP; not TCP-AO
                              {SOL_UDP, {only(1), {101, 104}}}};         // not 100, UDP_ENCAP
    std::vector<Values> levels{only(SOL_SOCKET), only(SOL_ICMPV6), only(SOL_NETLINK)};
    for (const auto& each : narrowed) levels.push_back(only(each.level));
    for (const char* call : {"setsockopt", "getsockopt"}) {
        rows.push_back({call, ENOPROTOOPT, {}, its_level, levels});
        for (const auto& each : narrowed)
            rows.push_back({call, ENOPROTOOPT, Condition{its_level, each.level}, its_option, each.options});
    }
}

/// Of the requests that any socket takes (linux/sockios.h) those that ask; not those that make bridges,
/// tunnels and addresses.
void add_socket_requests(std::vector<Allowance>& rows) {
    constexpr Argument request{1}, group{1, 0xFFFFFF00};
    std::vector<Values> asking{{0x8901, 0x8907}};  // owners, marks and stamps
    for (const std::uint32_t each :
         {SIOCGIFNAME, SIOCGIFCONF, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK,
          SIOCGIFMETRIC, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFPFLAGS, SIOCGIFCOUNT, SIOCGIFTXQLEN,
          SIOCGIFMAP, SIOCETHTOOL, SIOCOUTQNSD})
        asking.push_back(only(each));
    rows.push_back({"ioctl", EPERM, Condition{group, 0x8900}, request, std::move(asking)});
}

/// 32 bits at a place of seccomp_data.
sock_filter load(std::size_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter load(const Argument& argument) {
    constexpr std::size_t low_half = std::endian::native == std::endian::little ? 0 : 4;
    return load(offsetof(seccomp_data, args) + argument.index * sizeof(std::uint64_t) + low_half);
}
sock_filter answer(int error) {
    return BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error));
}
/// Goes on with the next instruction, or jumps over `count` more.
sock_filter skip_if_not(std::uint32_t value, std::size_t count) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<std::uint8_t>(count));
}

/// Falls through for an allowed value; its length stays far below the 255 that a jump can bridge.
std::vector<sock_filter> compile(const Allowance& row) {
    std::vector<sock_filter> tested{load(row.argument),
                                    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, row.argument.mask)};
    for (std::size_t i = 0; i < row.values.size(); ++i) {
        // Behind the values stands the refusal: an allowed one jumps over all that is left and it.
        const auto left = static_cast<std::uint8_t>(2 * (row.values.size() - i - 1) + 1);
        tested.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, row.values[i].first, 0, 1));
        tested.push_back(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, row.values[i].last, 0, left));
    }
    tested.push_back(answer(row.error));
    if (!row.when) return tested;
    std::vector<sock_filter> code{load(row.when->argument),
                                  BPF_STMT(BPF_ALU | BPF_AND | BPF_K, row.when->argument.mask),
                                  skip_if_not(row.when->value, tested.size())};
    code.insert(code.end(), tested.begin(), tested.end());
    return code;
}

}  // namespace

const std::vector<Allowance>& allowances() {
    static const auto rows = [] {
        std::vector<Allowance> made;
        add_sockets(made);
        add_socket_options(made);
        add_socket_requests(made);
        // Docker's five: not what makes all memory executable, or addresses easy to guess.
        made.push_back({"personality",
                        EPERM,
                        {},
                        Argument{0},
                        {only(PER_LINUX), only(PER_LINUX32), only(UNAME26),
                         only(std::uint32_t{UNAME26} | std::uint32_t{PER_LINUX32}), only(0xFFFFFFFF)}});
        return made;
    }();
    return rows;
}

std::vector<sock_filter> compile_allowances(const std::vector<Allowance>& rows) {
    const auto number = load(offsetof(seccomp_data, nr));
    std::vector<sock_filter> program{number, BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last_judged_call, 0, 1),
                                     answer(ENOSYS)};
    for (std::size_t next = 0; next < rows.size();) {
        const std::string_view name = rows[next].call;
        std::vector<sock_filter> code;
        for (; next < rows.size() && rows[next].call == name; ++next) {
            const auto row = compile(rows[next]);
            code.insert(code.end(), row.begin(), row.end());
        }
        const int call = ::seccomp_syscall_resolve_name(name.data());
        if (call < 0) continue;
        program.push_back(number);
        // All rows of a call are longer than a conditional jump reaches.
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 1, 0));
        program.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(code.size())));
        program.insert(program.end(), code.begin(), code.end());
    }
    return program;
}

}  // namespace carrel::jail::desks
