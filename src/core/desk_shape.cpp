#include "core/desk_shape.hpp"

namespace carrel::core {

std::string_view name_of(Network network) { return network == Network::none ? "none" : "internet"; }

Network network_of(std::string_view name) {
    return name == name_of(Network::none) ? Network::none : Network::internet;
}

}  // namespace carrel::core
