#include "api/callers/logins.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "tests/fakes/manual_clock.hpp"

using namespace carrel;
using namespace carrel::api;
using namespace std::chrono_literals;

namespace {

const auto alice = std::make_shared<people::Grant>(ops::Principal{"alice", ops::Role::user});
const auto bob = std::make_shared<people::Grant>(ops::Principal{"bob", ops::Role::user});

}  // namespace

TEST_CASE("one login too many ends the principal's own that was idle longest, and nobody else's") {
    fakes::ManualClock clock;
    Logins logins{clock};
    const auto of_bob = logins.begin(bob);
    std::vector<std::string> of_alice;
    for (std::size_t i = 0; i < most_logins_of_one; ++i) {
        clock.advance(1s);
        of_alice.push_back(logins.begin(alice));
    }
    clock.advance(1s);
    CHECK(logins.find(of_alice[0]) == alice);  // used: now the second is the oldest
    logins.begin(alice);
    CHECK(logins.find(of_bob) == bob);
    CHECK(logins.find(of_alice[0]) == alice);
    CHECK_FALSE(logins.find(of_alice[1]));
    CHECK(logins.find(of_alice[2]) == alice);
    for (int i = 0; i < 1050; ++i) logins.begin(alice);
    CHECK(logins.find(of_bob) == bob);
    CHECK(logins.size() == most_logins_of_one + 1);
}

TEST_CASE("a login ends when it is not used for long, and in the end however much it is used") {
    fakes::ManualClock clock;
    Logins logins{clock};
    const auto idle = logins.begin(alice);
    const auto used = logins.begin(alice);
    for (auto passed = 0s; passed + 1h < login_lasts; passed += 1h) {
        clock.advance(1h);
        REQUIRE(logins.find(used));
    }
    CHECK_FALSE(logins.find(idle));
    clock.advance(1h);
    CHECK_FALSE(logins.find(used));
    CHECK(logins.size() == 0);
}

TEST_CASE("who logs out is out") {
    const fakes::ManualClock clock;
    Logins logins{clock};
    const auto secret = logins.begin(alice);
    logins.end("something else");
    CHECK(logins.find(secret));
    logins.end(secret);
    CHECK_FALSE(logins.find(secret));
}
