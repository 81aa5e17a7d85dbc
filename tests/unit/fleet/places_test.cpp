#include "fleet/places.hpp"

#include <doctest/doctest.h>

#include "async/scope.hpp"
#include "tests/fakes/reason_of.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using fleet::Caps;
using fleet::Need;
using fleet::Place;
using fleet::Places;

namespace {

Need need(std::string principal, std::uint64_t memory = 1, double cpus = 1) {
    return {std::move(principal), {.cpus = cpus, .memory = memory}};
}

std::string refusal(Places& places, Need wanted) {
    try {
        places.take(std::move(wanted));
    } catch (const core::Error& error) {
        return error.reason();
    }
    return "";
}

/// Waits in `places` and notes who was served.
struct Line {
    Line(async::Executor executor, Places& places_) : places{places_}, scope{executor} {}
    void enter(std::string name, Need wanted, std::chrono::milliseconds limit = 10s) {
        scope.start(name, wait(name, std::move(wanted), limit));
    }
    Task<> wait(std::string name, Need wanted, std::chrono::milliseconds limit) {
        try {
            held[name] =
                co_await places.wait_for(std::move(wanted), name, limit,
                                         [this, name](std::size_t at) { positions[name].push_back(at); });
            served.push_back(name);
        } catch (const core::Error& error) {
            failures[name] = error.reason();
        }
    }
    Places& places;
    std::map<std::string, Place> held;
    std::map<std::string, std::string> failures;
    std::map<std::string, std::vector<std::size_t>> positions;
    std::vector<std::string> served;
    async::Scope scope;
};

Task<> settle() {
    for (int turn = 0; turn < 20; ++turn) co_await async::yield_turn();
}

}  // namespace

TEST_CASE("places are counted for all and for each, and free again with their holder") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        Places places{executor, {.desks = 3, .memory = 100, .cpus = 10}, [](const std::string& who) {
                          return who == "small" ? Caps{.desks = 1} : Caps{};
                      }};
        auto first = places.take(need("small"));
        CHECK(refusal(places, need("small")) == "quota_reached");
        auto second = places.take(need("large", 98));
        CHECK(refusal(places, need("large", 2)) == "no_free_desk");
        second.reset();
        auto third = places.take(need("large", 2, 9));
        CHECK(refusal(places, need("large", 2, 0.5)) == "no_free_desk");
        CHECK(places.held() == 2);
        CHECK(places.held_by("large") == 1);
        CHECK(refusal(places, need("large", 101)) == "desk_too_large");
        co_return;
    });
}

TEST_CASE("what exists already has a place, whatever the caps say") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        Places places{executor, {.desks = 1}, {}};
        const auto first = places.take_over(need("a"));
        const auto second = places.take_over(need("a"));
        CHECK(places.held() == 2);
        CHECK(refusal(places, need("a")) == "no_free_desk");
        co_return;
    });
}

TEST_CASE("who waits is served in turns between principals, and hears where he stands") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        Places places{executor, {.desks = 1}, {}};
        auto held = places.take(need("x"));
        Line line{executor, places};
        for (const auto* name : {"a1", "a2", "a3", "b1", "b2", "c1"})
            line.enter(name, need(std::string{name}.substr(0, 1)));
        co_await settle();
        CHECK(line.positions["a3"] == std::vector<std::size_t>{3, 4, 5, 6});
        std::vector<std::string> order;
        for (const auto& waiter : places.waiting()) order.push_back(waiter.session);
        const std::vector<std::string> fair{"a1", "b1", "c1", "a2", "b2", "a3"};
        CHECK(order == fair);
        // Somebody who does not wait does not go before them.
        CHECK(refusal(places, need("d")) == "no_free_desk");
        held.reset();
        for (int left = 6; left > 0; --left) {
            co_await settle();
            REQUIRE(!line.served.empty());
            line.held.erase(line.served.back());
        }
        CHECK(line.served == fair);
        co_await line.scope.close();
    });
}

TEST_CASE("one who is at his own limit holds nobody up; one for whom there is no room does") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        Places places{executor, {.memory = 10}, [](const std::string& who) {
                          return who == "one" ? Caps{.desks = 1} : Caps{};
                      }};
        auto own = places.take(need("one", 1));
        auto other = places.take(need("x", 8));
        Line line{executor, places};
        line.enter("one2", need("one", 1));
        line.enter("large", need("large", 5));
        line.enter("small", need("small", 1));
        co_await settle();
        CHECK(line.served.empty());
        other.reset();
        co_await settle();
        CHECK(line.served == std::vector<std::string>{"large", "small"});
        own.reset();
        co_await settle();
        CHECK(line.served.back() == "one2");
        co_await line.scope.close();
    });
}

TEST_CASE("who has waited long enough, or goes away, leaves the line") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        Places places{executor, {.desks = 1}, {}};
        auto held = places.take(need("x"));
        Line line{executor, places};
        line.enter("late", need("a"), 1ms);
        async::Scope gone{executor};
        gone.start("gone", line.wait("gone", need("b"), 10s));
        co_await settle();
        co_await gone.close();
        while (line.failures.empty()) co_await async::yield_turn();
        CHECK(line.failures["late"] == "no_free_desk");
        CHECK(places.waiting().empty());
        held.reset();
        CHECK(places.held() == 0);
        co_await line.scope.close();
    });
}

TEST_CASE(
    "when the line is closed who waits hears why, and nobody enters it again; places are given as before") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        Places places{executor, {.desks = 1}, {}};
        auto held = places.take(need("x"));
        Line line{executor, places};
        line.enter("one", need("a"));
        line.enter("two", need("b"));
        co_await settle();
        co_await places.close_line({core::Code::unavailable, "it ends", "ending"});
        CHECK(line.failures == std::map<std::string, std::string>{{"one", "ending"}, {"two", "ending"}});
        CHECK(places.waiting().empty());
        line.enter("late", need("c"));
        co_await settle();
        CHECK(line.failures["late"] == "ending");
        held.reset();
        CHECK(line.served.empty());
        CHECK(refusal(places, need("d")) == "");
        co_await line.scope.close();
    });
}
