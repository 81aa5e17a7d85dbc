// How a desk is on the network. jail/plan puts both steps into every plan, jail/desks carries them out. What
// all desks share on the host, and what becomes of a dead desk's cable, is host/network.hpp's; which packets
// may pass is rules.hpp's.
//
//   desk's namespace                    host's namespace
//   eth0 198.18.238.107/31 ----cable---- carrel30517 198.18.238.106/31 ---masquerade--- the internet
//   rules that the desk cannot change    table inet carrel
//   resolv.conf: 198.19.255.254 -------> lo 198.19.255.254: carrel-jail dns
//
// Names and addresses follow from the desk's range of user ids alone: two desks of a host never share
// ids, so neither do they share these, whatever server made them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jail/network/links.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::jail::network {

/// What desks' networks depend on and what may change while the jail runs: asked before each start.
struct Facts {
    std::uint32_t mtu = 1500;  ///< bytes, of the host's way to the internet
    std::vector<Address> own;  ///< the host's addresses, which desks do not reach
};

/// The two ends of a desk's cable.
struct Cable {
    std::uint32_t range;    ///< of user ids, of which the rest follows
    std::string interface;  ///< the host's end; the desk's is eth0
    Address host;
    Address desk;

    bool operator==(const Cable&) const = default;
};

/// On the host, once the desk's network namespace exists and before the desk sets itself up.
struct Connect {
    wire::Network network;
    Cable cable;
    std::uint32_t mtu;
};
/// In the desk's network namespace, while its process still has capabilities there.
struct Configure {
    wire::Network network;
    Cable cable;
    std::vector<Address> forbidden;  ///< besides the ranges that no desk reaches
};

/// `first_id`: the desk's first user id on the host. Pure.
Cable cable_of(std::uint32_t first_id);
/// The cable whose end on the host has that name; nothing when it is no desk's. Pure.
std::optional<Cable> find_cable(std::string_view interface);
/// The name of the desk's interface on the host, "" when it has none. Pure.
std::string interface_of(wire::Network network, std::uint32_t first_id);
/// What /etc/resolv.conf of the desk says. Pure.
std::string resolver_text(wire::Network network);

/// `process`: the desk's first process, in whose network namespace the other end goes. An interface
/// of that name which the kernel still removes is waited for.
void connect(const Connect& step, pid_t process);
void configure(const Configure& step);

std::string to_text(const Connect& step);
std::string to_text(const Configure& step);

}  // namespace carrel::jail::network
