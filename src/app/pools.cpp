#include "app/pools.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <vector>

#include "core/error.hpp"
#include "core/text.hpp"

namespace carrel::app {

using core::Code;
using core::Error;

namespace {

constexpr unsigned most_warm = 1000;
constexpr std::string_view pool_variable = "WARM_POOL_";
constexpr const char* images_with_variable[] = {"desktop", "desktop-office", "python", "python-datascience"};

/// WARM_POOL_PYTHON_DATASCIENCE for python-datascience.
std::string variable_of(std::string_view image) {
    std::string name{pool_variable};
    for (const char c : image)
        name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

/// The size alone; the most is kept, or what makes room for a few more.
void apply_pool_variable(fleet::PoolBounds& bounds, const std::string& value) {
    constexpr unsigned times = 4;
    bounds.size = static_cast<unsigned>(number(value, 0, most_warm));
    bounds.most = bounds.size == 0 ? 0 : std::max(bounds.most, std::min(bounds.size * times, most_warm));
}

}  // namespace

std::uint64_t number(const std::string& text, std::uint64_t least, std::uint64_t most) {
    const auto value = core::parse_unsigned(text);
    if (!value || *value < least || *value > most)
        throw Error{Code::invalid,
                    fmt::format("must be a whole number between {} and {}, not \"{}\"", least, most, text)};
    return *value;
}

Pools parse_pools(std::string_view text) {
    Pools pools;
    for (const auto item : core::split(text, ',')) {
        if (core::is_blank(item)) continue;
        const auto equals = item.find('=');
        const auto image = item.substr(0, equals);
        if (equals == item.npos || image.empty())
            throw Error{Code::invalid, fmt::format("\"{}\" is no pool; write it as desktop=3:12", item)};
        const auto bounds = item.substr(equals + 1);
        const auto colon = bounds.find(':');
        fleet::PoolBounds pool;
        pool.size = static_cast<unsigned>(number(std::string{bounds.substr(0, colon)}, 0, most_warm));
        pool.most =
            colon == bounds.npos
                ? pool.size
                : static_cast<unsigned>(number(std::string{bounds.substr(colon + 1)}, pool.size, most_warm));
        if (!pools.emplace(image, pool).second)
            throw Error{Code::invalid, fmt::format("the pool of {} stands twice", image)};
    }
    return pools;
}

std::string to_text(const Pools& pools) {
    std::string text;
    for (const auto& [image, bounds] : pools)
        text += fmt::format("{}{}={}:{}", text.empty() ? "" : ",", image, bounds.size, bounds.most);
    return text;
}

void apply_pool_variables(Pools& pools,
                          const std::function<std::optional<std::string>(const std::string&)>& environment) {
    std::vector<std::string> images(std::begin(images_with_variable), std::end(images_with_variable));
    for (const auto& [image, bounds] : pools) images.push_back(image);
    for (const auto& image : images) {
        const auto value = environment(variable_of(image));
        if (!value || value->empty()) continue;
        try {
            apply_pool_variable(pools[image], *value);
        } catch (Error& error) {
            throw error.during(variable_of(image));
        }
    }
}

}  // namespace carrel::app
