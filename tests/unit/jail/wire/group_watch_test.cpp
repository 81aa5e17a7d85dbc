#include "jail/wire/group_watch.hpp"

#include <doctest/doctest.h>

using namespace carrel::jail::wire;

TEST_CASE("The number behind a key is found, and nothing that only resembles it") {
    constexpr const char* events = "low 0\noom 3\noom_kill 7\noom_group_kill 9\nmax \n";
    CHECK(number_in(events, "oom_kill") == 7);
    CHECK(number_in(events, "oom") == 3);
    CHECK(!number_in(events, "max"));
    CHECK(!number_in(events, "kill"));
    CHECK(!number_in("", "max"));
}

TEST_CASE("How a limit is watched has a name that is understood again") {
    for (const auto watch : {GroupWatch::none, GroupWatch::eventfd, GroupWatch::events, GroupWatch::counter})
        CHECK(watch_of(name_of(watch)) == watch);
    CHECK(watch_of("telepathy") == GroupWatch::none);
}
