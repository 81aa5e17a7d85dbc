#include "jail/network/links.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>

#include <sys/ioctl.h>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::jail::network {

namespace {

constexpr std::uint16_t new_only = NLM_F_CREATE | NLM_F_EXCL;

/// Calls `each` with every attribute that follows a `Header` in `message`.
template <class Header, class Each>
const Header& read_attributes(const nlmsghdr& message, Each each) {
    const auto* const end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(&message));
    const auto* at = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(&message, sizeof(Header)));
    for (; mnl_attr_ok(at, static_cast<int>(end - reinterpret_cast<const char*>(at))); at = mnl_attr_next(at))
        each(*at);
    return *static_cast<const Header*>(mnl_nlmsg_get_payload(&message));
}

ifaddrmsg address_header(int index, std::uint8_t prefix, std::uint8_t scope) {
    return {.ifa_family = AF_INET,
            .ifa_prefixlen = prefix,
            .ifa_flags = 0,
            .ifa_scope = scope,
            .ifa_index = static_cast<std::uint32_t>(index)};
}

Message address_message(std::uint16_t type, std::uint16_t flags, const ifaddrmsg& header, Address address) {
    Message message{type, flags};
    message.put_header(header);
    message.put(IFA_LOCAL, htonl(address.number));
    message.put(IFA_ADDRESS, htonl(address.number));
    return message;
}

}  // namespace

std::string to_text(Address address) {
    const auto n = address.number;
    return fmt::format("{}.{}.{}.{}", n >> 24, n >> 16 & 0xFF, n >> 8 & 0xFF, n & 0xFF);
}

bool make_cable(Netlink& kernel, const std::string& name, std::uint32_t mtu, pid_t process) {
    Message message{RTM_NEWLINK, new_only};
    message.put_header(ifinfomsg{});
    message.put(IFLA_IFNAME, name);
    message.put(IFLA_MTU, mtu);
    message.put_nest(IFLA_LINKINFO, [&] {
        message.put(IFLA_INFO_KIND, "veth");
        message.put_nest(IFLA_INFO_DATA, [&] {
            message.put_nest(VETH_INFO_PEER, [&] {
                message.put_header(ifinfomsg{});
                message.put(IFLA_IFNAME, "eth0");
                message.put(IFLA_MTU, mtu);
                message.put(IFLA_NET_NS_PID, static_cast<std::uint32_t>(process));
            });
        });
    });
    const auto what = "make the interface " + name;
    const int error = kernel.try_request(what, std::move(message));
    if (error != 0 && error != EEXIST) throw core::system_error(what, error);
    return error == 0;
}

int index_of(const std::string& name) {
    const auto index = ::if_nametoindex(name.c_str());
    if (index == 0) throw core::Error{core::Code::not_found, fmt::format("there is no interface {}", name)};
    return static_cast<int>(index);
}

void remove_link(Netlink& kernel, int index) {
    Message message{RTM_DELLINK, 0};
    message.put_header(ifinfomsg{.ifi_family = AF_UNSPEC,
                                 .__ifi_pad = 0,
                                 .ifi_type = 0,
                                 .ifi_index = index,
                                 .ifi_flags = 0,
                                 .ifi_change = 0});
    const int error = kernel.try_request("remove an interface", std::move(message));
    if (error != 0 && error != ENODEV) throw core::system_error("remove an interface", error);
}

void raise_link(Netlink& kernel, int index) {
    Message message{RTM_NEWLINK, 0};
    message.put_header(ifinfomsg{.ifi_family = AF_UNSPEC,
                                 .__ifi_pad = 0,
                                 .ifi_type = 0,
                                 .ifi_index = index,
                                 .ifi_flags = IFF_UP,
                                 .ifi_change = IFF_UP});
    kernel.request("raise an interface", std::move(message));
}

void add_address(Netlink& kernel, int index, Address address, std::uint8_t prefix, std::uint8_t scope) {
    const auto what = "give an interface the address " + to_text(address);
    const int error = kernel.try_request(
        what, address_message(RTM_NEWADDR, new_only, address_header(index, prefix, scope), address));
    if (error != 0 && error != EEXIST) throw core::system_error(what, error);
}

void remove_address(Netlink& kernel, int index, Address address, std::uint8_t prefix) {
    const auto what = "remove the address " + to_text(address);
    const int error = kernel.try_request(
        what, address_message(RTM_DELADDR, 0, address_header(index, prefix, RT_SCOPE_UNIVERSE), address));
    if (error != 0 && error != EADDRNOTAVAIL) throw core::system_error(what, error);
}

void add_default_route(Netlink& kernel, int index, Address gateway) {
    Message message{RTM_NEWROUTE, new_only};
    message.put_header(rtmsg{.rtm_family = AF_INET,
                             .rtm_dst_len = 0,
                             .rtm_src_len = 0,
                             .rtm_tos = 0,
                             .rtm_table = RT_TABLE_MAIN,
                             .rtm_protocol = RTPROT_STATIC,
                             .rtm_scope = RT_SCOPE_UNIVERSE,
                             .rtm_type = RTN_UNICAST,
                             .rtm_flags = 0});
    message.put(RTA_GATEWAY, htonl(gateway.number));
    message.put(RTA_OIF, static_cast<std::uint32_t>(index));
    kernel.request("add the default route", std::move(message));
}

std::vector<Address> list_addresses(Netlink& kernel) {
    Message message{RTM_GETADDR, 0};
    message.put_header(address_header(0, 0, 0));
    std::vector<Address> addresses;
    kernel.dump("list addresses", std::move(message), [&](const nlmsghdr& part) {
        read_attributes<ifaddrmsg>(part, [&](const nlattr& attribute) {
            if (mnl_attr_get_type(&attribute) == IFA_LOCAL &&
                mnl_attr_get_payload_len(&attribute) == sizeof(std::uint32_t))
                addresses.push_back({ntohl(mnl_attr_get_u32(&attribute))});
        });
    });
    return addresses;
}

std::vector<std::string> list_links() {
    std::vector<std::string> names;
    auto* const links = ::if_nameindex();
    if (links == nullptr) throw core::system_error("list interfaces", errno);
    for (auto* link = links; link->if_index != 0; ++link) names.emplace_back(link->if_name);
    ::if_freenameindex(links);
    return names;
}

std::uint32_t uplink_mtu(Netlink& kernel) {
    Message message{RTM_GETROUTE, 0};
    message.put_header(rtmsg{.rtm_family = AF_INET,
                             .rtm_dst_len = 0,
                             .rtm_src_len = 0,
                             .rtm_tos = 0,
                             .rtm_table = RT_TABLE_MAIN,
                             .rtm_protocol = 0,
                             .rtm_scope = 0,
                             .rtm_type = 0,
                             .rtm_flags = 0});
    std::uint32_t uplink = 0;
    kernel.dump("list routes", std::move(message), [&](const nlmsghdr& part) {
        std::uint32_t index = 0;
        const auto& route = read_attributes<rtmsg>(part, [&](const nlattr& attribute) {
            if (mnl_attr_get_type(&attribute) == RTA_OIF) index = mnl_attr_get_u32(&attribute);
        });
        // The kernel lists the preferred one of several first.
        if (route.rtm_dst_len == 0 && route.rtm_table == RT_TABLE_MAIN && uplink == 0) uplink = index;
    });
    char name[IF_NAMESIZE];
    constexpr std::uint32_t ethernet = 1500;
    if (uplink == 0 || ::if_indextoname(uplink, name) == nullptr) return ethernet;
    // By an ioctl and not from /sys, which may show another network namespace.
    ifreq question{};
    std::string_view{name}.copy(question.ifr_name, sizeof question.ifr_name - 1);
    const core::Fd any{core::checked("socket", ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))};
    return ::ioctl(any.get(), SIOCGIFMTU, &question) == 0 ? static_cast<std::uint32_t>(question.ifr_mtu)
                                                          : ethernet;
}

std::optional<Traffic> find_traffic(const std::string& interface) {
    if (interface.empty()) return std::nullopt;
    // Not from /sys, which may show another network namespace.
    const auto text = core::read_file("/proc/self/net/dev");
    for (const auto line : core::split(text, '\n')) {
        const auto colon = line.find(':');
        if (colon == line.npos || core::trim(line.substr(0, colon)) != interface) continue;
        std::vector<std::uint64_t> numbers;
        for (const auto word : core::split(line.substr(colon + 1), ' '))
            if (const auto number = core::parse_unsigned(word)) numbers.push_back(*number);
        // proc_net_dev: eight of what came in, then as many of what went out; bytes first.
        constexpr std::size_t outgoing = 8;
        if (numbers.size() > outgoing) return Traffic{numbers[outgoing], numbers[0]};
    }
    return std::nullopt;
}

}  // namespace carrel::jail::network
