#include "driver/native/jail_workspaces.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using driver::native::parse_workspaces;

TEST_CASE("The jail's list of workspaces is taken as it says, with a quota where there is one") {
    const auto all = parse_workspaces("notes 4096 2 1700000000 33554432\nold 0 0 0 0\n");
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "notes");
    CHECK(all[0].bytes == 4096);
    CHECK(all[0].files == 2);
    CHECK(all[0].modified == std::chrono::system_clock::from_time_t(1'700'000'000));
    CHECK(all[0].quota == 33'554'432);
    CHECK(all[1].name == "old");
    CHECK(!all[1].quota);
}

TEST_CASE("Lines of that list that are not understood are left out") {
    for (const char* text : {"", "\n", "notes", "notes 1 2 3", "notes 1 2 3 4 5", "Notes 1 2 3 4",
                             "../x 1 2 3 4", "notes -1 2 3 4", "notes 1 2 3 x"})
        CHECK(parse_workspaces(text).empty());
    CHECK(parse_workspaces("cut 1 2\nnotes 1 2 3 4\n").size() == 1);
}
