#include "jail/dns/ration.hpp"

#include <doctest/doctest.h>

using carrel::jail::dns::Ration;
using namespace std::chrono_literals;

namespace {

int asked(Ration& ration, std::uint32_t client, Ration::Time now, int times) {
    int answered = 0;
    for (int i = 0; i < times; ++i) answered += ration.take(client, now);
    return answered;
}

}  // namespace

TEST_CASE("A desk asks for a page of names at once, then some a second, and another is not held back by it") {
    Ration ration;
    const Ration::Time start{};
    CHECK(asked(ration, 1, start, 1000) == 500);
    CHECK(asked(ration, 2, start, 10) == 10);
    CHECK(asked(ration, 1, start + 1s, 1000) == 100);
    CHECK(asked(ration, 1, start + 1s + 100ms, 1000) == 10);
    CHECK(asked(ration, 1, start + 1h, 1000) == 500);
}

TEST_CASE("Who has not asked for long is not remembered") {
    Ration ration;
    const Ration::Time start{};
    for (std::uint32_t client = 0; client < 20'000; ++client)
        CHECK(ration.take(client, start + client * 1ms));
    CHECK(ration.size() <= 1024);
}
