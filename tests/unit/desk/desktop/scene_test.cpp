#include "desk/desktop/scene.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::desktop;

TEST_CASE("two scenes that are the same differ in nothing") {
    const Scene scene{{{1, "one"}, {2, "two"}}, 2, 7};
    CHECK(differences(scene, scene).empty());
    CHECK(differences({}, {}).empty());
}

TEST_CASE("windows that came, went or were renamed are named, and who has the keyboard") {
    const Scene before{{{1, "one"}, {2, "two"}, {3, "three"}}, 2, 7};
    const Scene after{{{1, "one"}, {3, "drei"}, {0xa0b, "new"}}, 0xa0b, 9};
    CHECK(differences(before, after) ==
          json::Object{
              {"opened", {json::Object{{"window_id", "0x00000a0b"}, {"title", "new"}}}},
              {"closed", {json::Object{{"window_id", "0x00000002"}, {"title", "two"}}}},
              {"titles", {json::Object{{"window_id", "0x00000003"}, {"title", "drei"}, {"before", "three"}}}},
              {"active", json::Object{{"window_id", "0x00000a0b"}, {"title", "new"}}},
              {"clipboard", true}});
}

TEST_CASE("a keyboard that nobody has is null, also when its window is no longer listed") {
    const Scene before{{{1, "one"}}, 1, 0};
    CHECK(differences(before, {{{1, "one"}}, 0, 0}) == json::Object{{"active", nullptr}});
    CHECK(differences(before, {{{1, "one"}}, 99, 0}) == json::Object{{"active", nullptr}});
    CHECK(differences(before, {{}, 1, 0}).at("active") == nullptr);
    CHECK(differences({{}, 99, 0}, {{}, 0, 0}).empty());
}
