#include "desk/terminal/limits.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

using namespace carrel::desk::terminal;

TEST_CASE("limits that were lowered are told as bash's ulimit counts them") {
    Limits before;
    before.fill(RLIM_INFINITY);
    CHECK(describe_lowered(before, before).empty());
    auto now = before;
    now[0] = 0;
    CHECK(describe_lowered(before, now) == "ulimit -u 0");
    now[2] = rlim_t{8} << 20;
    CHECK(describe_lowered(before, now) == "ulimit -u 0, -s 8192");
    // Raised, or as it was.
    CHECK(describe_lowered(now, before).empty());
    CHECK(describe_lowered(now, now).empty());
}

TEST_CASE("a process has limits, and one that is none has no low ones") {
    CHECK(read_limits(::getpid()) == read_limits(0));
    Limits unlimited;
    unlimited.fill(RLIM_INFINITY);
    CHECK(read_limits(1 << 30) == unlimited);
}
