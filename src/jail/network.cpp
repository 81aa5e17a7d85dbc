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

void require_none(Network network) {
    if (network != Network::none)
        throw core::Error{
            core::Code::unavailable,
            fmt::format("this host gives desks no network '{}', only 'none'", name_of(network))};
}

}  // namespace

void open_network() {}

std::string interface_of(Network network, std::uint32_t) {
    require_none(network);
    return "";
}

std::string resolver_text(Network, std::uint32_t) { return "# this desk has no network\n"; }

void connect_network(const step::ConnectNetwork& step, pid_t) { require_none(step.network); }

void configure_network(const step::ConfigureNetwork& step) {
    require_none(step.network);
    raise_loopback();
}

void disconnect_network(const std::string&) {}

std::string to_text(const step::ConnectNetwork& step) {
    return fmt::format("connect the network: {}", name_of(step.network));
}
std::string to_text(const step::ConfigureNetwork& step) {
    return fmt::format("configure the network: {}", name_of(step.network));
}

}  // namespace carrel::jail
