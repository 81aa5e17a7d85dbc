#include "desk/settle.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace carrel::desk;
using namespace std::chrono_literals;

namespace {

const Time start{};

/// What is known at `at`, when the screen changed at `changes`; times from the start.
std::optional<Observed> judge(std::vector<std::chrono::milliseconds> changes, std::chrono::milliseconds at) {
    Settling settling{start, {150ms, 40ms, 2000ms}};
    for (const auto change : changes)
        if (change <= at) settling.changed(start + change);
    return settling.judge(start + at);
}

}  // namespace

TEST_CASE("without a change the first window is awaited") {
    CHECK_FALSE(judge({}, 149ms));
    CHECK(judge({}, 150ms) == Observed::nothing_changed);
}

TEST_CASE("after a change quiet is awaited") {
    CHECK_FALSE(judge({100ms}, 139ms));
    CHECK(judge({100ms}, 140ms) == Observed::settled);
    CHECK_FALSE(judge({100ms, 130ms}, 169ms));
    CHECK(judge({100ms, 130ms}, 170ms) == Observed::settled);
}

TEST_CASE("what never rests ends at the limit") {
    std::vector<std::chrono::milliseconds> changes;
    for (auto when = 0ms; when < 3000ms; when += 30ms) changes.push_back(when);
    CHECK_FALSE(judge(changes, 1999ms));
    CHECK(judge(changes, 2000ms) == Observed::still_changing);
}

TEST_CASE("a limit below the first window ends the waiting too") {
    Settling settling{start, {150ms, 40ms, 100ms}};
    CHECK(settling.due() == start + 100ms);
    CHECK(settling.judge(start + 100ms) == Observed::nothing_changed);
}

TEST_CASE("a caret that blinks every half second does not hold it") {
    CHECK(judge({20ms, 520ms, 1020ms}, 60ms) == Observed::settled);
}

TEST_CASE("no windows at all decide at once") {
    Settling settling{start, {0ms, 0ms, 0ms}};
    CHECK(settling.judge(start) == Observed::nothing_changed);
    CHECK(name_of(Observed::still_changing) == "still_changing");
}
