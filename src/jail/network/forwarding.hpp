// Which interfaces the kernel takes packets from to pass them on (ip-sysctl, conf/*/forwarding).
//
// The switch of the whole host, ip_forward, is left as it is: a host with two networks would become a router
// between them. What desks need are their own interfaces and those by which answers come; these are switched
// on one by one, and back off when nobody needs them. `nft::Table host_table` keeps strangers from using
// them.
#pragma once

#include <string>
#include <vector>

namespace carrel::jail::network {

/// Whether the host forwards anyway, so that nothing needs to be done.
bool is_router();
/// Whether we may switch.
bool can_switch_forwarding();

bool is_forwarding(const std::string& interface);
/// Throws not_found when there is no such interface.
void set_forwarding(const std::string& interface, bool is_on);

/// Switches on every interface that is off, but the loopback. Answers which were of the host's own, and
/// `ours`, which were switched on before, as far as they are still there. Nothing on a router.
std::vector<std::string> switch_forwarding_on(const std::vector<std::string>& ours);
/// Unless somebody has made the host a router meanwhile.
void switch_forwarding_off(const std::vector<std::string>& ours);

}  // namespace carrel::jail::network
