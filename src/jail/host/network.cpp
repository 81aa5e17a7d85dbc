#include "jail/host/network.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <net/if.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "core/log.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/dns/process.hpp"
#include "jail/host/host.hpp"
#include "jail/network/flows.hpp"
#include "jail/network/forwarding.hpp"
#include "jail/network/rules.hpp"

namespace carrel::jail::host {

namespace {

using core::checked;

constexpr off_t making_byte = 0;
constexpr off_t using_byte = 2;

bool is_desk_interface(std::string_view name) { return network::find_cable(name).has_value(); }

bool has_desks() { return std::ranges::any_of(network::list_links(), is_desk_interface); }

/// False when another process holds it and we do not wait.
bool lock(int file, short kind, off_t byte, bool wait) {
    struct flock wanted{.l_type = kind, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1, .l_pid = 0};
    while (::fcntl(file, wait ? F_SETLKW : F_SETLK, &wanted) < 0) {
        if (!wait && (errno == EAGAIN || errno == EACCES)) return false;
        if (errno != EINTR) throw core::system_error("lock the network's file", errno);
    }
    return true;
}

/// For the life of this object.
class Making {
public:
    explicit Making(int file) : file_{file} { lock(file_, F_WRLCK, making_byte, true); }
    ~Making() { lock(file_, F_UNLCK, making_byte, false); }
    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;

private:
    int file_;
};

/// The rest of a child of the jail. `index`: 0 when the kernel has removed the interface already.
[[noreturn]] void remove_cable(const std::string& interface, int index) {
    ::close_range(3, ~0U, 0);
    try {
        network::Netlink kernel{NETLINK_ROUTE};
        if (index != 0) network::remove_link(kernel, index);
        network::Netlink filters{NETLINK_NETFILTER};
        if (const auto cable = network::find_cable(interface)) network::forget_flows(filters, cable->desk);
    } catch (const core::Error& error) {
        core::log_warning("{}", error.message());
    }
    ::_exit(0);
}

std::string boot_id() { return std::string{core::trim(core::read_file("/proc/sys/kernel/random/boot_id"))}; }

/// Interfaces that a jail has switched on, one a line after the boot in which it did.
std::vector<std::string> read_switched(int file) {
    std::string text(std::size_t{64} << 10, '\0');
    text.resize(static_cast<std::size_t>(
        checked("read the network's file", ::pread(file, text.data(), text.size(), 0))));
    std::vector<std::string> names;
    for (const auto line : core::split(core::trim(text), '\n')) names.emplace_back(line);
    if (names.front() != boot_id()) return {};
    names.erase(names.begin());
    return names;
}

void write_switched(int file, const std::vector<std::string>& names) {
    auto text = boot_id() + "\n";
    for (const auto& name : names) text += name + "\n";
    // Not opened anew: closing that would let go of the locks.
    checked("empty the network's file", ::ftruncate(file, 0));
    checked("write the network's file", ::pwrite(file, text.data(), text.size(), 0));
}

bool is_removed(int file) {
    struct stat status;
    checked("stat the network's file", ::fstat(file, &status));
    return status.st_nlink == 0;
}

/// In a child: makes one of each in a network namespace of its own. Its exit status is the errno.
int try_network() {
    try {
        checked("new network namespace", ::unshare(CLONE_NEWNET));
        network::Netlink kernel{NETLINK_ROUTE};
        network::Netlink filters{NETLINK_NETFILTER};
        if (!network::make_cable(kernel, "carrel0", 1500, ::getpid())) return EEXIST;
        network::nft::replace_table(filters, network::host_table({"carrel0"}));
        network::nft::replace_table(filters, network::desk_table(network::resolver_address, {}));
        return 0;
    } catch (const core::Error& error) {
        core::log_warning("trying a desk's network: {}", error.message());
        return errno == 0 ? EIO : errno;
    }
}

bool has_parts(std::vector<std::string>& warnings) {
    const auto child = checked("fork", ::fork());
    if (child == 0) ::_exit(try_network());
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status == 0) return true;
    warnings.emplace_back(
        "desks get no internet: this kernel (or the container around us) refuses veth interfaces or "
        "nftables; load the modules veth, nf_tables, nft_masq, nft_ct, nft_reject_inet, nft_limit and "
        "nft_connlimit, or give CAP_NET_ADMIN");
    return false;
}

/// In tables that the kernel has once for all networks. They are there in the first network namespace only,
/// or once has_parts() has tried.
void make_room(std::vector<std::string>& warnings) {
    constexpr std::uint64_t full_desks = 64, neighbours = 8192;
    for (const auto& [name, least] :
         {std::pair{"net/netfilter/nf_conntrack_max", full_desks * network::most_flows},
          std::pair{"net/ipv4/neigh/default/gc_thresh2", neighbours / 2},
          std::pair{"net/ipv4/neigh/default/gc_thresh3", neighbours}})
        if (::access(fmt::format("/proc/sys/{}", name).c_str(), F_OK) == 0)
            raise_kernel_limit(name, least, warnings);
}

bool can_forward(std::vector<std::string>& warnings) {
    if (network::is_router() || network::can_switch_forwarding()) return true;
    warnings.emplace_back(
        "desks get no internet: net.ipv4.ip_forward is 0, and no interface can be made to forward from here "
        "(net.ipv4.conf.*.forwarding); set it to 1");
    return false;
}

void warn_of_other_firewalls(std::vector<std::string>& warnings) {
    network::Netlink filters{NETLINK_NETFILTER};
    if (network::nft::has_forward_drop(filters, network::host_table_name))
        warnings.push_back(fmt::format(
            "another firewall here drops forwarded packets by default (Docker's does), and desks' with "
            "them; allow both directions of the interfaces {0}*, such as by `iptables -I DOCKER-USER -i "
            "{0}+ -j ACCEPT` and `-o {0}+`",
            network::interface_prefix));
}

}  // namespace

bool can_have_internet(std::vector<std::string>& warnings) {
    if (!has_parts(warnings) || !can_forward(warnings)) return false;
    make_room(warnings);
    warn_of_other_firewalls(warnings);
    return true;
}

HostNetwork::HostNetwork(std::uint32_t resolver_id) : resolver_id_{resolver_id} {
    struct stat here;
    checked("stat the network namespace", ::stat("/proc/self/ns/net", &here));
    path_ = fmt::format("/run/carrel-network-{}", here.st_ino);
}

network::Facts HostNetwork::prepare() {
    reap_removers(false);
    enter();
    {
        const Making making{file_.get()};
        make_shared_parts();
    }
    network::Netlink kernel{NETLINK_ROUTE};
    return {network::uplink_mtu(kernel), network::list_addresses(kernel)};
}

void HostNetwork::cut(const std::string& interface) {
    network::Netlink kernel{NETLINK_ROUTE};
    if (const auto index = static_cast<int>(::if_nametoindex(interface.c_str())); index != 0)
        network::remove_link(kernel, index);
    disconnect(interface);
}

void HostNetwork::disconnect(const std::string& interface) {
    reap_removers(false);
    if (interface.empty()) return;
    const auto index = static_cast<int>(::if_nametoindex(interface.c_str()));
    const auto remover = checked("fork", ::fork());
    if (remover == 0) remove_cable(interface, index);
    removers_.push_back(remover);
}

void HostNetwork::reap_removers(bool wait) {
    std::erase_if(removers_,
                  [&](pid_t remover) { return ::waitpid(remover, nullptr, wait ? 0 : WNOHANG) != 0; });
}

void HostNetwork::resume() {
    if (has_desks()) prepare();
}

void HostNetwork::close() {
    reap_removers(true);
    if (!file_ && ::access(path_.c_str(), F_OK) < 0) return;
    enter();
    const Making making{file_.get()};
    if (!lock(file_.get(), F_WRLCK, using_byte, false) || has_desks()) return;
    remove_shared_parts();
    ::unlink(path_.c_str());
}

/// Opens the file that everybody uses: not one that was removed while we waited for it.
void HostNetwork::enter() {
    while (!file_) {
        auto file = core::open_file(path_, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
        const Making making{file.get()};
        if (is_removed(file.get())) continue;
        lock(file.get(), F_RDLCK, using_byte, true);
        file_ = std::move(file);
    }
}

void HostNetwork::make_shared_parts() {
    const auto before = read_switched(file_.get());
    const auto switched = network::switch_forwarding_on(before);
    if (switched != before) write_switched(file_.get(), switched);
    network::Netlink filters{NETLINK_NETFILTER};
    if (switched != judged_ || !network::nft::has_table(filters, network::host_table_name))
        network::nft::replace_table(filters, network::host_table(switched));
    judged_ = switched;
    network::Netlink kernel{NETLINK_ROUTE};
    // Of the scope "host": never chosen as the source of the host's own packets.
    network::add_address(kernel, network::index_of("lo"), network::resolver_address, 32, RT_SCOPE_HOST);
    dns::ensure_process(file_.get(), {.lock = path_,
                                      .address = to_text(network::resolver_address),
                                      .uid = resolver_id_,
                                      .gid = resolver_id_});
}

void HostNetwork::remove_shared_parts() {
    dns::end_process(file_.get());
    network::switch_forwarding_off(read_switched(file_.get()));
    network::Netlink filters{NETLINK_NETFILTER};
    network::nft::remove_table(filters, network::host_table_name);
    network::Netlink kernel{NETLINK_ROUTE};
    network::remove_address(kernel, network::index_of("lo"), network::resolver_address, 32);
}

}  // namespace carrel::jail::host
