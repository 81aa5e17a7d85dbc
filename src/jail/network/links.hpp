// Interfaces, addresses and routes, by rtnetlink(7): the verbs that desks' networks need.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jail/network/netlink.hpp"

namespace carrel::jail::network {

/// An IPv4 address as a number: 10.0.0.1 is 0x0A000001.
struct Address {
    std::uint32_t number;

    bool operator==(const Address&) const = default;
};

std::string to_text(Address address);

/// A cable between an interface here and one named "eth0" in the network namespace of `process`.
/// Answers false when there is an interface of that name already. Both ends are down.
bool make_cable(Netlink& kernel, const std::string& name, std::uint32_t mtu, pid_t process);
/// Throws not_found.
int index_of(const std::string& name);
/// No error when there is none. The kernel does not give an index to another interface soon.
void remove_link(Netlink& kernel, int index);
/// Brings it up.
void raise_link(Netlink& kernel, int index);
/// No error when it is there.
void add_address(Netlink& kernel, int index, Address address, std::uint8_t prefix, std::uint8_t scope);
void remove_address(Netlink& kernel, int index, Address address, std::uint8_t prefix);
void add_default_route(Netlink& kernel, int index, Address gateway);

/// Bytes since the interface was made, as its other end counts them: a desk's, by the host's end of its
/// cable.
struct Traffic {
    std::uint64_t received;
    std::uint64_t sent;
};
/// Nothing when there is no such interface.
std::optional<Traffic> find_traffic(const std::string& interface);

/// Of all interfaces here.
std::vector<Address> list_addresses(Netlink& kernel);
std::vector<std::string> list_links();
/// Of the interface by which the default route leaves; 1500 when there is none.
std::uint32_t uplink_mtu(Netlink& kernel);

}  // namespace carrel::jail::network
