#include "api/callers/wrong_keys.hpp"

#include <doctest/doctest.h>

#include "api/callers/places.hpp"
#include "tests/fakes/manual_clock.hpp"

using namespace carrel;
using namespace carrel::api;
using namespace std::chrono_literals;

TEST_CASE("wrong keys are answered later and later, each network's by themselves, and are forgotten") {
    fakes::ManualClock clock;
    WrongKeys keys;
    for (int i = 0; i < 5; ++i) CHECK(keys.note("a", clock.now()) == 0ms);
    CHECK(keys.note("a", clock.now()) == 100ms);
    CHECK(keys.note("a", clock.now()) == 200ms);
    CHECK(keys.note("b", clock.now()) == 0ms);
    for (int i = 0; i < 100; ++i) keys.note("a", clock.now());
    CHECK(keys.note("a", clock.now()) == 5s);
    CHECK(keys.count("a") == 108);
    clock.advance(15min);
    CHECK(keys.note("a", clock.now()) == 0ms);
    CHECK(keys.count("a") == 1);
}

TEST_CASE("the table of wrong keys is bounded, and forgets what is oldest") {
    fakes::ManualClock clock;
    WrongKeys keys;
    for (int i = 0; i < 3000; ++i) {
        clock.advance(1ms);
        keys.note(std::to_string(i), clock.now());
        REQUIRE(keys.size() <= 1000);
    }
    CHECK(keys.count("2999") == 1);
    CHECK(keys.count("0") == 0);
}

TEST_CASE("each name has its places, which come back when they are let go") {
    auto places = std::make_unique<Places>(2, core::Error{core::Code::exhausted, "full", "too_many_calls"});
    auto first = places->take("a");
    const auto second = places->take("a");
    CHECK_THROWS_WITH_AS(places->take("a"), "full", core::Error);
    const auto other = places->take("b");
    first.reset();
    first = places->take("a");
    CHECK_THROWS_AS(places->take("a"), core::Error);
    places.reset();  // a stream may end after the server's part
}
