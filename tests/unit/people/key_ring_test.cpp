#include "people/key_ring.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

#include "people/people.hpp"
#include "tests/fakes/manual_clock.hpp"
#include "tests/fakes/reason_of.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using people::KeyRing;
using people::KeyWish;

namespace {

people::Given<store::KeyRow> add(KeyRing& ring, KeyWish wish, core::Instant now) {
    auto given = people::make_key(std::move(wish), now);
    ring.add(given.row);
    return given;
}

}  // namespace

TEST_CASE("a key opens until it expires or is revoked, and says why it no longer does") {
    fakes::ManualClock clock;
    KeyRing ring;
    const auto lasting = add(ring, {.user = "alice", .role = ops::Role::admin}, clock.now());
    const auto brief = add(ring, {.user = "bob", .role = ops::Role::viewer, .lasts = 60s}, clock.now());
    const auto find = [&](const auto& given) { return ring.find(crypto::sha256(given.secret), clock.now()); };
    CHECK(find(lasting)->principal() == ops::Principal{"alice", ops::Role::admin, lasting.row.id});
    CHECK(find(brief)->principal().role == ops::Role::viewer);
    CHECK_FALSE(ring.find(crypto::sha256("ck_something"), clock.now()));
    CHECK(ring.next_end() == brief.row.expires_at);

    int cut = 0;
    const auto kept = find(brief)->hold([&] { ++cut; });
    clock.advance(59s);
    ring.end_expired(clock.now());
    CHECK(cut == 0);
    clock.advance(1s);
    ring.end_expired(clock.now());
    CHECK(cut == 1);
    CHECK(find(brief)->refusal().reason() == "key_expired");
    CHECK_FALSE(ring.next_end());

    ring.revoke(lasting.row.id, clock.now());
    ring.revoke(lasting.row.id, clock.now() + 1s);
    CHECK(ring.find_row(lasting.row.id)->revoked_at == clock.now());
    CHECK(find(lasting)->refusal().reason() == "key_revoked");
    CHECK_THROWS_AS(ring.revoke("key_000000000000", clock.now()), core::Error);
}

TEST_CASE(
    "a key that was revoked before the server started still says so, and one of an unknown role opens "
    "nothing") {
    KeyRing ring;
    store::KeyRow row{.id = "key_1", .digest = crypto::sha256("a"), .principal = "eve", .role = "user"};
    row.revoked_at = core::Instant{1s};
    ring.add(row);
    CHECK(ring.find(row.digest, core::Instant{2s})->has_ended());
    ring.add({.id = "key_2", .digest = crypto::sha256("b"), .principal = "eve", .role = "emperor"});
    CHECK(ring.find(crypto::sha256("b"), core::Instant{2s})->principal().role == ops::Role::guest);
}

TEST_CASE("everybody is let in until the first key, and what they had open then is cut") {
    KeyRing ring;
    bool is_cut = false;
    const auto kept = ring.open()->hold([&] { is_cut = true; });
    CHECK(ring.is_empty());
    add(ring, {.user = "alice", .role = ops::Role::admin}, core::Instant{});
    CHECK_FALSE(ring.is_empty());
    CHECK(is_cut);
}

TEST_CASE("when a key was used is kept to the minute, and written once for it") {
    fakes::ManualClock clock;
    KeyRing ring;
    const auto given = add(ring, {.user = "alice"}, clock.now());
    for (int i = 0; i < 10; ++i) ring.find(given.row.digest, clock.now() + i * 1s);
    CHECK(ring.take_used().size() == 1);
    CHECK(ring.take_used().empty());
    ring.find(given.row.digest, clock.now() + 61s);
    CHECK(ring.take_used() ==
          std::vector<std::pair<std::string, core::Instant>>{{given.row.id, clock.now() + 60s}});
    ring.note_use(given.row.id, clock.now() + 125s);  // by a login that it has opened
    ring.note_use("", clock.now() + 125s);
    CHECK(ring.find_row(given.row.id)->last_used_at == clock.now() + 120s);
    CHECK(ring.take_used().size() == 1);
    ring.revoke(given.row.id, clock.now() + 180s);
    ring.note_use(given.row.id, clock.now() + 185s);
    CHECK(ring.take_used().empty());
}

TEST_CASE("a user has the tightest limits and the newest model key of their living keys") {
    fakes::ManualClock clock;
    KeyRing ring;
    add(ring,
        {.user = "alice",
         .limits = {.most_desks = 5, .memory_mb = 1024},
         .model_keys = {{"anthropic", "file:old"}}},
        clock.now());
    const auto tight = add(ring,
                           {.user = "alice",
                            .limits = {.most_desks = 2, .cpus = 0.5},
                            .model_keys = {{"anthropic", "file:new"}}},
                           clock.now() + 1s);
    add(ring, {.user = "bob", .limits = {.most_desks = 1}}, clock.now());
    CHECK(ring.limits_of("alice") == ops::UserLimits{2, 0.5, 1024});
    CHECK(ring.limits_of("nobody") == ops::UserLimits{});
    CHECK(ring.model_key_of("alice", "anthropic") == "file:new");
    CHECK_FALSE(ring.model_key_of("bob", "anthropic"));
    ring.revoke(tight.row.id, clock.now());
    CHECK(ring.limits_of("alice") == ops::UserLimits{5, std::nullopt, 1024});
    CHECK(ring.model_key_of("alice", "anthropic") == "file:old");
}

TEST_CASE("of ten thousand keys each is found, and listed newest first") {
    KeyRing ring;
    std::vector<people::Given<store::KeyRow>> all;
    for (int i = 0; i < 10'000; ++i)
        all.push_back(add(ring, {.user = fmt::format("user{}", i % 100)}, core::Instant{i * 1ms}));
    for (const auto& given : all)
        REQUIRE(ring.find(crypto::sha256(given.secret), core::Instant{})->principal().key_id == given.row.id);
    CHECK(ring.size() == 10'000);
    CHECK(ring.rows("").front()->id == all.back().row.id);
    CHECK(ring.rows("user7").size() == 100);
}
