#include "jail/network.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "core/sys.hpp"

namespace carrel::jail {

namespace {

void raise_loopback() {
    const core::Fd any{core::checked("socket", ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))};
    ifreq loopback{.ifr_ifrn = {.ifrn_name = "lo"}, .ifr_ifru = {.ifru_flags = IFF_UP | IFF_RUNNING}};
    core::checked("raise the loopback interface", ::ioctl(any.get(), SIOCSIFFLAGS, &loopback));
}

}  // namespace

bool open_network(const std::string&, std::vector<std::string>&) { return false; }

std::string interface_of(Network, const std::string&, std::uint32_t) { return ""; }

std::string resolver_text(Network, std::uint32_t) { return "# this desk has no network\n"; }

void connect_network(const step::ConnectNetwork&, pid_t) {}

void configure_network(const step::ConfigureNetwork&) { raise_loopback(); }

void disconnect_network(const std::string&) {}

std::string to_text(const step::ConnectNetwork& step) {
    return fmt::format("connect the network: {}", name_of(step.network));
}
std::string to_text(const step::ConfigureNetwork& step) {
    return fmt::format("configure the network: {}", name_of(step.network));
}

}  // namespace carrel::jail
