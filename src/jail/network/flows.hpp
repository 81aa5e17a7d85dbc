// What the kernel remembers of connections (nf_conntrack), by ctnetlink.
#pragma once

#include "jail/network/links.hpp"
#include "jail/network/netlink.hpp"

namespace carrel::jail::network {

/// Forgets every flow that `source` began. Else an established one stays for five days after its desk's end,
/// which could not take leave of a peer that did not listen. `kernel`: of NETLINK_NETFILTER.
void forget_flows(Netlink& kernel, Address source);

}  // namespace carrel::jail::network
