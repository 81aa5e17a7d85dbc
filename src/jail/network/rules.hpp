// Which packets of desks may pass: pure tables, tested as text.
//
// Each desk carries its own rules in its own network namespace, where nobody has the capability to
// change them once it runs: flushing the host's rules opens nothing. The host's table does the same
// again from outside, and what only it can: masquerade, and keep the host's own services to itself.
#pragma once

#include <string>
#include <vector>

#include "jail/network/nft.hpp"

namespace carrel::jail::network {

/// Of every desk's interface on the host; what follows is a number.
inline constexpr const char* interface_prefix = "carrel";
/// For measurements between devices of one's own (RFC 2544, RFC 6890): no network that somebody
/// wants to reach is here, and no local one collides with it.
inline constexpr nft::Range desk_addresses{{0xC6120000}, 15};  // 198.18.0.0/15
/// Where desks ask for names. The last but one, which no range of user ids leads to.
inline constexpr Address resolver_address{0xC613FFFE};  // 198.19.255.254
inline constexpr const char* host_table_name = "carrel";

/// What no desk reaches, besides the resolver.
const std::vector<nft::Range>& forbidden_ranges();

/// Flows that one desk may have at once, and begin in a second. The host remembers each for up to days, in a
/// table that it and all desks share (nf_conntrack_max), and gives it a port of its own address.
inline constexpr std::uint32_t most_flows = 4096;
inline constexpr std::uint32_t most_new_flows = 500;

/// In a desk's own namespace. `gateway`: the host's end of its cable; `forbidden`: addresses of the host.
nft::Table desk_table(Address gateway, const std::vector<Address>& forbidden);
/// On the host, for all desks of all servers. `switched`: interfaces that pass packets on for desks' sake
/// only (forwarding.hpp), and so not for others'.
nft::Table host_table(const std::vector<std::string>& switched);

}  // namespace carrel::jail::network
