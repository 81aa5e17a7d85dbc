#include "session/viewers.hpp"

#include <doctest/doctest.h>

#include <optional>

using namespace carrel::session;

TEST_CASE("viewers of each desk are counted as long as they stay") {
    Viewers viewers;
    CHECK(viewers.of("a") == ViewerCounts{});
    auto watcher = viewers.enter("a", true);
    auto first = viewers.enter("a", false);
    const auto second = viewers.enter("a", false);
    const auto elsewhere = viewers.enter("b", false);
    CHECK(viewers.of("a") == ViewerCounts{.watching = 1, .in_control = 2});
    CHECK(viewers.of("b") == ViewerCounts{.watching = 0, .in_control = 1});
    CHECK(viewers.all() == ViewerCounts{.watching = 1, .in_control = 3});
    first.reset();
    CHECK(viewers.of("a") == ViewerCounts{.watching = 1, .in_control = 1});
    watcher.reset();
    CHECK(viewers.of("a") == ViewerCounts{.watching = 0, .in_control = 1});
}

TEST_CASE("a viewer may stay longer than what counts it") {
    std::optional<Viewers> viewers{std::in_place};
    auto viewer = viewers->enter("a", false);
    viewers.reset();
    viewer.reset();
    CHECK_FALSE(viewer);
}
