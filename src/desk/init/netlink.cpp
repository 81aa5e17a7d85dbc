#include "desk/init/netlink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::desk::init {

namespace {

using core::checked;

bool is_listener(int fd) {
    char kind[64];
    const auto count = ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), kind, sizeof kind);
    return count > 0 &&
           std::string_view{kind, static_cast<std::size_t>(count)} == "anon_inode:seccomp notify";
}

/// As it is now; the kernel counts anew for each reading from the beginning.
std::string read_again(const core::Fd& file) {
    std::string text;
    char block[4096];
    while (true) {
        const auto count = ::pread(file.get(), block, sizeof block, static_cast<off_t>(text.size()));
        if (count <= 0) return text;
        text.append(block, static_cast<std::size_t>(count));
    }
}

/// Of a thread, or of ourselves ("self"). Nothing when we may not look, or it is gone.
std::optional<ino_t> find_network(const std::string& who) {
    struct stat status{};
    if (::stat(fmt::format("/proc/{}/ns/net", who).c_str(), &status) != 0) return std::nullopt;
    return status.st_ino;
}

template <class Structure>
std::vector<std::byte> room_for(std::size_t kernels_size) {
    return std::vector<std::byte>(std::max(kernels_size, sizeof(Structure)));
}

}  // namespace

std::optional<std::size_t> parse_netlink_sockets(std::string_view protocols) {
    for (const auto line : core::split(protocols, '\n')) {
        std::vector<std::string_view> columns;
        for (const auto column : core::split(line, ' '))
            if (!column.empty()) columns.push_back(column);
        constexpr std::size_t sockets = 2;
        if (columns.size() > sockets && columns[0] == "NETLINK") {
            const auto count = core::parse_unsigned(columns[sockets]);
            return count ? std::optional<std::size_t>{*count} : std::nullopt;
        }
    }
    return std::nullopt;
}

NetlinkGuard::NetlinkGuard() {
    if (!is_listener(netlink_fd)) return;
    listener_ = core::Fd{netlink_fd};
    checked("the netlink sockets' listener (fd 5)", ::fcntl(netlink_fd, F_SETFD, FD_CLOEXEC));
    protocols_ = core::open_file("/proc/net/protocols", O_RDONLY);
    seccomp_notif_sizes sizes{};
    checked("seccomp", ::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes));
    question_ = room_for<seccomp_notif>(sizes.seccomp_notif);
    answer_ = room_for<seccomp_notif_resp>(sizes.seccomp_notif_resp);
}

void NetlinkGuard::answer() {
    std::ranges::fill(question_, std::byte{});
    std::ranges::fill(answer_, std::byte{});
    const auto* asked = reinterpret_cast<const seccomp_notif*>(question_.data());
    auto* answer = reinterpret_cast<seccomp_notif_resp*>(answer_.data());
    if (::ioctl(fd(), SECCOMP_IOCTL_NOTIF_RECV, question_.data()) < 0) return;
    answer->id = asked->id;
    answer->error = -refusal(static_cast<pid_t>(asked->pid));
    // He who waits is one thread, and what he asked for are values in its registers: what was judged is what
    // happens.
    if (answer->error == 0) answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    // Whose number we looked at is he who asked, if he is there still; he who is not hears nothing.
    if (::ioctl(fd(), SECCOMP_IOCTL_NOTIF_ID_VALID, &asked->id) == 0)
        ::ioctl(fd(), SECCOMP_IOCTL_NOTIF_SEND, answer_.data());
}

int NetlinkGuard::refusal(pid_t asking) const {
    const auto theirs = find_network(std::to_string(asking));
    if (!theirs || theirs != find_network("self")) return EPERM;
    const auto count = parse_netlink_sockets(read_again(protocols_));
    return !count || *count >= most_netlink_sockets ? EMFILE : 0;
}

}  // namespace carrel::desk::init
