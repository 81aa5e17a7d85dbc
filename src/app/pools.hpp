// What settings say about pools of warm desks, and the numbers in settings.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "fleet/demand.hpp"

namespace carrel::app {

/// By image.
using Pools = std::map<std::string, fleet::PoolBounds, std::less<>>;

/// A whole number within its bounds; throws Error that names both.
std::uint64_t number(const std::string& text, std::uint64_t least, std::uint64_t most);

/// "desktop=3:12,python=1": bounds by image, size and most; throws Error that says what would be right.
Pools parse_pools(std::string_view text);
std::string to_text(const Pools& pools);

/// What WARM_POOL_DESKTOP and its like say of the images that are shipped, and of those in `pools`.
void apply_pool_variables(Pools& pools,
                          const std::function<std::optional<std::string>(const std::string&)>& environment);

}  // namespace carrel::app
