#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

#include "async/scope.hpp"
#include "store/store.hpp"
#include "tests/fakes/run_loop.hpp"
#include "tests/fakes/temp_dir.hpp"
#include "tests/unit/store/rows.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using fakes::run_loop;
using fakes::TempDir;
using store::add_session;
using store::Store;
using store::Transaction;

namespace {

/// Appends `count` events whose data are their numbers, some of them in one commit.
Task<> append_numbers(Store& store, int count, unsigned seed) {
    std::mt19937 random{seed};
    for (int i = 0; i < count; ++i) {
        store.post([](Transaction& t) {
            const auto next = t.last_event("s1") + 1;
            t.append_event("s1", "text", std::to_string(next));
        });
        if (random() % 4 == 0) co_await store.run([](Transaction&) {});
    }
    co_await store.run([](Transaction&) {});
}

/// Follows until `last` and checks that nothing is missing and nothing comes twice; now and then it
/// falls asleep while others write.
Task<> follow_numbers(Store& store, std::int64_t after, std::int64_t last, unsigned seed, int& finished) {
    std::mt19937 random{seed};
    auto follower = co_await store.follow("s1", after);
    auto expected = after + 1;
    while (expected <= last) {
        const auto event = co_await follower.next();
        REQUIRE(event);
        REQUIRE(event->seq == expected);
        REQUIRE(event->data == std::to_string(expected));
        ++expected;
        for (auto naps = random() % 8 == 0 ? random() % 64 : 0; naps > 0; --naps)
            co_await async::yield_turn();
    }
    ++finished;
}

}  // namespace

TEST_CASE("followers get every event once and in order while others append, wherever they begin") {
    TempDir dir;
    constexpr int before = 300;
    constexpr int each = 700;
    constexpr std::int64_t last = before + 2 * each;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await add_session(store, "s1");
        co_await append_numbers(store, before, 1);
        async::Scope scope{executor};
        int finished = 0;
        for (unsigned i = 0; i < 8; ++i)
            scope.start("follower", follow_numbers(store, i * 42, last, i, finished));
        scope.start("writer", append_numbers(store, each, 2));
        scope.start("writer", append_numbers(store, each, 3));
        for (unsigned i = 0; i < 4; ++i) {
            co_await store.run([](Transaction&) {});
            scope.start("follower", follow_numbers(store, before, last, 10 + i, finished));
        }
        while (scope.size() > 0) co_await store.run([](Transaction&) {});
        CHECK(finished == 12);
        co_await store.close();
    });
}

TEST_CASE("a follower that slept through more than memory holds reads the rest from the store") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await add_session(store, "s1");
        auto follower = co_await store.follow("s1", 0);
        co_await append_numbers(store, 1'000, 1);
        for (std::int64_t seq = 1; seq <= 1'000; ++seq) REQUIRE((co_await follower.next())->seq == seq);
        CHECK_FALSE(co_await follower.next_for(0ms));
        CHECK_FALSE(follower.is_closed());
        co_await store.close();
    });
}

TEST_CASE("followers, what waits and what was stored are counted") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await add_session(store, "s1");
        co_await add_session(store, "s2");
        CHECK(store.followers() == 0);
        std::optional first{co_await store.follow("s1", 0)};
        const auto second = co_await store.follow("s1", 0);
        const auto third = co_await store.follow("s2", 0);
        CHECK(store.followers() == 3);
        first.reset();
        CHECK(store.followers() == 2);
        const auto before = store.events_stored();
        co_await append_numbers(store, 5, 1);
        CHECK(store.events_stored() == before + 5);
        CHECK(store.waiting() == 0);
        CHECK(store.room().all >= store.room().free);
        CHECK(store.room().all > 0);
        co_await store.close();
    });
}

TEST_CASE("a number from the future counts as now") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await add_session(store, "s1");
        co_await append_numbers(store, 5, 1);
        auto follower = co_await store.follow("s1", 1'000'000);
        co_await append_numbers(store, 1, 1);
        CHECK((co_await follower.next())->seq == 6);
        co_await store.close();
    });
}

TEST_CASE("nobody sees an event whose work failed") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path(), 60}};
        co_await add_session(store, "s1");
        auto follower = co_await store.follow("s1", 0);
        store.post(
            [](Transaction& t) { t.append_event("s1", "text", std::string(std::size_t{1} << 20, 'x')); });
        store.post([](Transaction& t) { t.append_event("s1", "text", "after"); });
        const auto event = co_await follower.next();
        CHECK(event->data == "after");
        CHECK(event->seq == 1);
        co_await store.close();
    });
}

TEST_CASE("closing a log ends its followers after what is stored; closing the store ends all") {
    TempDir dir;
    run_loop([&](async::Executor executor) -> Task<> {
        Store store{executor, {dir.path()}};
        co_await add_session(store, "s1");
        co_await append_numbers(store, 3, 1);
        auto first = co_await store.follow("s1", 0);
        auto second = co_await store.follow("s1", 3);
        store.close_log("s1");
        for (std::int64_t seq = 1; seq <= 3; ++seq) CHECK((co_await first.next())->seq == seq);
        CHECK_FALSE(co_await first.next());
        CHECK_FALSE(co_await second.next());
        CHECK(second.is_closed());
        auto third = co_await store.follow("s1", 0);
        auto fourth = co_await store.follow("s1", 3);
        co_await store.close();
        CHECK_FALSE(co_await third.next());
        CHECK_FALSE(co_await fourth.next());
    });
}
