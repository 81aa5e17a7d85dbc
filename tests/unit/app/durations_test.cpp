#include "app/durations.hpp"

#include <doctest/doctest.h>

#include "app/exit_codes.hpp"

using namespace carrel;
using namespace std::chrono_literals;

TEST_CASE("times are written with their unit, and anything else is refused with an example") {
    CHECK(app::parse_duration("30d") == 720h);
    CHECK(app::parse_duration("12h") == 12h);
    CHECK(app::parse_duration("90m") == 90min);
    CHECK(app::parse_duration("1s") == 1s);
    for (const auto* bad :
         {"", "30", "d", "0d", "-1d", "1.5h", "30 d", "3651d", "99999999999999999999s", "1w"})
        CHECK_THROWS_WITH_AS(app::parse_duration(bad), doctest::Contains("30d"), app::UsageError);
}
