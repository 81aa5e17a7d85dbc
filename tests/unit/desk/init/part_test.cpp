#include "desk/init/part.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using namespace std::chrono_literals;
using desk::init::most_starts;
using desk::init::Part;

TEST_CASE("A part that ends too often rests for a minute, and may be started as often again") {
    Part part{core::Speaker::panel, {}};
    Part::Time now{};
    for (std::size_t i = 0; i < most_starts; ++i) CHECK(part.may_start(now += 1s));
    CHECK_FALSE(part.may_start(now));
    part.rest(now);
    CHECK_FALSE(part.has_rested(now + 59s));
    CHECK(part.has_rested(now + 60s));
    CHECK_FALSE(part.has_rested(now + 61s));
    for (std::size_t i = 0; i < most_starts; ++i) CHECK(part.may_start(now + 60s));
}

TEST_CASE("A part that ends now and then is always started again") {
    Part part{core::Speaker::panel, {}};
    for (Part::Time now{}; now < Part::Time{} + 1h; now += 16s) CHECK(part.may_start(now));
}
