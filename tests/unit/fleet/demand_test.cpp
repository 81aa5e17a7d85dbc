#include "fleet/demand.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using carrel::fleet::Demand;

TEST_CASE("a pool wants its size, and as many as were asked for in one burst, up to its most") {
    const Demand::Time start{};
    Demand demand{{.size = 3, .most = 12}};
    CHECK(demand.want(start) == 3);
    for (int asked = 0; asked < 5; ++asked) demand.note(start + asked * 1s);
    CHECK(demand.want(start + 5s) == 5);
    for (int asked = 0; asked < 50; ++asked) demand.note(start + 20s);
    CHECK(demand.want(start + 20s) == 12);
}

TEST_CASE("those who come one after another do not make a burst") {
    const Demand::Time start{};
    Demand demand{{.size = 1, .most = 12}};
    for (int asked = 0; asked < 10; ++asked) demand.note(start + asked * 31s);
    CHECK(demand.want(start + 310s) == 1);
}

TEST_CASE("a burst is forgotten after a while") {
    const Demand::Time start{};
    Demand demand{{.size = 2, .most = 12}};
    for (int asked = 0; asked < 8; ++asked) demand.note(start);
    CHECK(demand.want(start + Demand::memory - 1s) == 8);
    CHECK(demand.want(start + Demand::memory) == 2);
}

TEST_CASE("a most below the size is the size; no size and no most is none") {
    Demand small{{.size = 4, .most = 1}};
    CHECK(small.want({}) == 4);
    Demand none{{}};
    for (int asked = 0; asked < 9; ++asked) none.note({});
    CHECK(none.want({}) == 0);
}
