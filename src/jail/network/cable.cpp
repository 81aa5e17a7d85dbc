#include "jail/network/cable.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <net/if.h>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/network/forwarding.hpp"
#include "jail/network/rules.hpp"
#include "jail/process/deadline.hpp"

namespace carrel::jail::network {

namespace {

/// Two addresses and nothing else (RFC 3021).
constexpr std::uint8_t cable_prefix = 31;
/// A namespace whose last process is dead is taken apart behind everybody's back.
constexpr std::chrono::seconds longest_removal{2};

}  // namespace

Cable cable_of(std::uint32_t first_id) {
    const auto range = first_id / wire::ids_per_desk;
    const auto host = desk_addresses.first.number + 2 * range;
    return {range, fmt::format("{}{}", interface_prefix, range), {host}, {host + 1}};
}

std::optional<Cable> find_cable(std::string_view interface) {
    const std::string_view prefix = interface_prefix;
    if (!interface.starts_with(prefix)) return std::nullopt;
    const auto range = core::parse_unsigned(interface.substr(prefix.size()));
    constexpr auto most = 0xFFFF'FFFFU / wire::ids_per_desk;
    if (!range || *range > most) return std::nullopt;
    return cable_of(static_cast<std::uint32_t>(*range) * wire::ids_per_desk);
}

std::string interface_of(wire::Network network, std::uint32_t first_id) {
    return network == wire::Network::internet ? cable_of(first_id).interface : "";
}

std::string resolver_text(wire::Network network) {
    if (network == wire::Network::none) return "# this desk has no network\n";
    return fmt::format("nameserver {}\n", to_text(resolver_address));
}

void connect(const Connect& step, pid_t process) {
    if (step.network == wire::Network::none) return;
    const auto& name = step.cable.interface;
    Netlink kernel{NETLINK_ROUTE};
    const process::Deadline deadline{longest_removal};
    while (!make_cable(kernel, name, step.mtu, process))
        deadline.pause(fmt::format("waiting until the interface {} of an earlier desk is gone", name));
    const int index = index_of(name);
    add_address(kernel, index, step.cable.host, cable_prefix, RT_SCOPE_UNIVERSE);
    raise_link(kernel, index);
    // On a router it is on already, and perhaps not ours to write.
    if (!is_forwarding(name)) set_forwarding(name, true);
}

void configure(const Configure& step) {
    Netlink kernel{NETLINK_ROUTE};
    raise_link(kernel, index_of("lo"));
    if (step.network == wire::Network::none) return;
    // The rules come before the first packet could.
    Netlink filters{NETLINK_NETFILTER};
    nft::add_table(filters, desk_table(step.cable.host, step.forbidden));
    const int index = index_of("eth0");
    add_address(kernel, index, step.cable.desk, cable_prefix, RT_SCOPE_UNIVERSE);
    raise_link(kernel, index);
    add_default_route(kernel, index, step.cable.host);
}

std::string to_text(const Connect& step) {
    if (step.network == wire::Network::none) return "connect the network: none";
    return fmt::format("connect the network: internet by {} {}, mtu {}", step.cable.interface,
                       to_text(step.cable.host), step.mtu);
}

std::string to_text(const Configure& step) {
    if (step.network == wire::Network::none) return "configure the network: none";
    std::vector<std::string> forbidden;
    for (const auto address : step.forbidden) forbidden.push_back(to_text(address));
    return fmt::format(
        "configure the network: internet as {}, without {}", to_text(step.cable.desk),
        forbidden.empty() ? "more than the usual" : fmt::format("{}", fmt::join(forbidden, ", ")));
}

}  // namespace carrel::jail::network
