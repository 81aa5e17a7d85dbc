#include "app/pools.hpp"

#include <doctest/doctest.h>

#include "core/error.hpp"

using namespace carrel;
using app::parse_pools;
using app::Pools;

TEST_CASE("pools are written as they are read") {
    const Pools pools{{"desktop", {3, 12}}, {"python", {1, 1}}};
    CHECK(parse_pools("desktop=3:12,python=1") == pools);
    CHECK(parse_pools(app::to_text(pools)) == pools);
    CHECK(parse_pools("").empty());
}

TEST_CASE("what is no pool is refused with what would be right") {
    for (const auto* text : {"desktop", "=3", "desktop=", "desktop=many", "desktop=5:2",
                             "desktop=1,desktop=2", "desktop=1001", "desktop=1:1001"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_pools(text), core::Error);
    }
}

TEST_CASE("a variable sets an image's size, and makes room above it") {
    Pools pools{{"desktop", {3, 12}}, {"my-own", {1, 1}}};
    const std::map<std::string, std::string> set{
        {"WARM_POOL_DESKTOP", "5"}, {"WARM_POOL_PYTHON_DATASCIENCE", "2"}, {"WARM_POOL_MY_OWN", "0"}};
    const auto environment = [&](const std::string& name) -> std::optional<std::string> {
        const auto found = set.find(name);
        return found == set.end() ? std::nullopt : std::optional{found->second};
    };
    app::apply_pool_variables(pools, environment);
    CHECK(pools == Pools{{"desktop", {5, 20}}, {"my-own", {0, 0}}, {"python-datascience", {2, 8}}});
    CHECK_THROWS_WITH_AS(
        app::apply_pool_variables(pools, [](const std::string&) { return std::optional<std::string>{"x"}; }),
        doctest::Contains("WARM_POOL_DESKTOP"), core::Error);
}
