#include "net/limits/crowd.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace carrel::net;
using Verdict = Admission::Verdict;
using Time = std::chrono::steady_clock::time_point;

namespace {

Time at(int seconds) { return Time{std::chrono::seconds{seconds}}; }

constexpr CrowdLimits limits{.all = 6, .of_one = 4, .strangers = 3, .told = 2};

std::vector<Guest> many(std::size_t count, Guest guest) { return std::vector<Guest>(count, guest); }

void append(std::vector<Guest>& to, const std::vector<Guest>& more) {
    to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

TEST_CASE("as long as there is room everybody is served, and nobody has to leave") {
    for (std::size_t count = 0; count < 3; ++count) {
        const auto guests = many(count, {"a", false, true, at(0)});
        CHECK(admit(guests, "a", limits).verdict == Verdict::served);
        CHECK_FALSE(admit(guests, "a", limits).leaves);
    }
}

TEST_CASE("strangers take the place of strangers, of whoever holds the most and waits the longest") {
    std::vector<Guest> guests{{"b", false, true, at(0)},
                              {"c", true, true, at(1)},
                              {"a", true, true, at(3)},
                              {"a", true, true, at(2)}};
    const auto one_more = admit(guests, "c", limits);
    CHECK(one_more.verdict == Verdict::served);
    CHECK(one_more.leaves == 3);
}

TEST_CASE("one network has its share, also of what is known, and takes nobody else's") {
    auto guests = many(4, {"a", false, true, at(5)});
    guests[2].since = at(1);
    guests.push_back({"b", false, true, at(0)});
    const auto from_a = admit(guests, "a", limits);
    CHECK(from_a.verdict == Verdict::served);
    CHECK(from_a.leaves == 2);
    CHECK_FALSE(admit(guests, "b", limits).leaves);

    for (auto& guest : guests) guest.may_leave = false;
    CHECK(admit(guests, "a", limits).verdict == Verdict::told);
    CHECK(admit(guests, "b", limits).verdict == Verdict::served);
}

TEST_CASE("when all places are taken, who only waits gives way, a stranger first") {
    auto guests = many(3, {"a", false, true, at(1)});
    append(guests, many(2, {"b", false, false, at(0)}));
    guests.push_back({"c", true, true, at(9)});
    CHECK(admit(guests, "d", limits).leaves == 5);
    guests[5].is_stranger = false;
    CHECK(admit(guests, "d", limits).leaves == 0);
}

TEST_CASE(
    "when nobody can give way some are told so, then the longest waiting of those leaves, or nobody comes "
    "in") {
    auto guests = many(6, {"a", false, false, at(0)});
    CHECK(admit(guests, "b", limits).verdict == Verdict::told);
    CHECK_FALSE(admit(guests, "b", limits).leaves);
    append(guests, many(2, {"c", true, true, at(7)}));
    CHECK(admit(guests, "b", {.all = 6, .told = 2}).leaves == 6);
    for (auto& guest : guests) guest.may_leave = false;
    CHECK(admit(guests, "b", limits).verdict == Verdict::dropped);
}

TEST_CASE("where there is no bound of one and no stranger, only the whole counts") {
    const auto guests = many(5, {"unix", false, false, at(0)});
    CHECK(admit(guests, "unix", {.all = 6}).verdict == Verdict::served);
}
