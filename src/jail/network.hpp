// How a desk is on the network. The seam: plan.cpp puts both steps into every plan, make.cpp and
// inside.cpp carry them out, and removal.cpp undoes what was done on the host.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "jail/spec.hpp"

namespace carrel::jail {

namespace step {

/// On the host, once the desk's network namespace exists and before the desk sets itself up.
struct ConnectNetwork {
    Network network;
    std::uint32_t slot;
    std::string interface;  ///< the host's end, see interface_of
};
/// In the desk's network namespace, while its process still has capabilities there.
struct ConfigureNetwork {
    Network network;
    std::uint32_t slot;
};

}  // namespace step

/// Once when the jail starts: what all desks' networks need on the host. False when desks get no
/// internet here; `warnings` say why and what to change then.
bool open_network(const std::string& interface_prefix, std::vector<std::string>& warnings);

/// The name of the desk's interface on the host, "" when it has none. Pure.
std::string interface_of(Network network, const std::string& interface_prefix, std::uint32_t slot);
/// What /etc/resolv.conf of the desk says. Pure.
std::string resolver_text(Network network, std::uint32_t slot);

/// `process`: the desk's first process, in whose network namespace the other end goes.
void connect_network(const step::ConnectNetwork& step, pid_t process);
void configure_network(const step::ConfigureNetwork& step);
/// Removes what connect_network made; nothing is left is no error.
void disconnect_network(const std::string& interface);

std::string to_text(const step::ConnectNetwork& step);
std::string to_text(const step::ConfigureNetwork& step);

}  // namespace carrel::jail
