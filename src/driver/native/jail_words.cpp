#include "driver/native/jail_words.hpp"

#include <cmath>

namespace carrel::driver::native {

jail::wire::Limits jail_limits(const core::Limits& limits) {
    return {.memory = limits.memory,
            .cpu = static_cast<std::uint32_t>(std::lround(limits.cpus * 100)),
            .processes = limits.processes};
}

jail::wire::Network jail_network(core::Network network) {
    return network == core::Network::internet ? jail::wire::Network::internet : jail::wire::Network::none;
}

jail::wire::Change jail_change(std::string desk, const fleet::DeskChange& change) {
    jail::wire::Change asked{.id = std::move(desk), .limits = {}, .network = {}};
    if (change.limits) asked.limits = jail_limits(*change.limits);
    if (change.network) asked.network = jail_network(*change.network);
    return asked;
}

}  // namespace carrel::driver::native
