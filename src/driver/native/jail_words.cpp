#include "driver/native/jail_words.hpp"

#include <cmath>

#include "crypto/digest.hpp"

namespace carrel::driver::native {

jail::wire::Limits jail_limits(const core::Limits& limits) {
    return {.memory = limits.memory,
            .cpu = static_cast<std::uint32_t>(std::lround(limits.cpus * 100)),
            .processes = limits.processes,
            .disk = limits.disk};
}

jail::wire::Network jail_network(core::Network network) {
    return network == core::Network::internet ? jail::wire::Network::internet : jail::wire::Network::none;
}

std::string owner_of(const std::string& principal) { return crypto::to_hex(crypto::sha256(principal)); }

jail::wire::Workspace jail_workspace(const fleet::WorkspaceUse& use) {
    return {.owner = owner_of(use.principal), .name = use.name, .home = use.home};
}

jail::wire::Change jail_change(std::string desk, const fleet::DeskChange& change) {
    jail::wire::Change asked{.id = std::move(desk), .limits = {}, .network = {}, .workspace = {}};
    if (change.limits) asked.limits = jail_limits(*change.limits);
    if (change.network) asked.network = jail_network(*change.network);
    if (change.workspace) asked.workspace = jail_workspace(*change.workspace);
    return asked;
}

}  // namespace carrel::driver::native
