// Netlink sockets of a desk, which PID 1 hands out.
//
// Who asks for one waits until PID 1 has answered: the filter that the jail puts on a desk has it so
// (seccomp_unotify(2)), because two things cannot be seen by a filter. In a network namespace of one's own,
// which a nested user namespace gives to everybody (Chromium's sandbox needs that), netlink is the way to the
// kernel's traffic control, bridges and tunnels and to its modules of them. And what netlink sockets queue
// counts as nobody's memory.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "core/fd.hpp"

namespace carrel::desk::init {

/// Where the jail leaves the listener of the filter.
constexpr int netlink_fd = 5;
/// Of a whole desk. Each queues up to net.core.rmem_default bytes by itself (208 KiB), at most twice
/// rmem_max.
constexpr std::size_t most_netlink_sockets = 128;

/// How many netlink sockets there are by /proc/net/protocols, which counts those of its network namespace;
/// nothing when it does not say.
std::optional<std::size_t> parse_netlink_sockets(std::string_view protocols);

class NetlinkGuard {
public:
    /// Takes netlink_fd when it is what it should be; else it has nothing to guard, and fd() is -1.
    NetlinkGuard();

    /// Readable when somebody waits.
    int fd() const { return listener_.get(); }
    /// Answers one who waits; nobody need wait any more. He gets EPERM outside of the desk's own network
    /// namespace, or when that cannot be seen, and EMFILE when the desk has its share.
    void answer();

private:
    int refusal(pid_t asking) const;

    core::Fd listener_;
    core::Fd protocols_;
    std::vector<std::byte> question_;  ///< as long as the kernel's structures are
    std::vector<std::byte> answer_;
};

}  // namespace carrel::desk::init
