// Frozen and paused desks.
#include <doctest/doctest.h>

#include "async/all.hpp"
#include "tests/fakes/reason_of.hpp"
#include "tests/unit/fleet/house.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using fakes::FakeHost;
using fleet::House;
using fleet::in_a_house;
using fleet::lines;
using store::DeskState;

TEST_CASE("a frozen desk takes no call until it is woken") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        co_await house.fleet.freeze("s1", DeskState::frozen, nullptr);
        CHECK(house.host.only().is_frozen);
        CHECK_FALSE(house.fleet.find_endpoint("s1"));
        CHECK(house.fleet.is_well("s1"));
        CHECK((co_await house.row("s1")).state == DeskState::frozen);

        std::vector<Task<>> wakes;
        for (int i = 0; i < 3; ++i) wakes.push_back(house.fleet.wake("s1"));
        co_await async::all("wake", std::move(wakes));
        CHECK_FALSE(house.host.only().is_frozen);
        CHECK(house.fleet.find_endpoint("s1"));
        co_await house.fleet.wake("s1");
        co_await house.wait_for("s1", "desk frozen");
        CHECK(co_await house.log("s1") ==
              lines({"desk starting", "desk ready", "desk frozen", "desk ready"}));
    });
}

TEST_CASE("freezing and waking at the same time end in one of both, with the host the same") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        for (int round = 0; round < 20; ++round) {
            std::vector<Task<>> both;
            both.push_back(house.fleet.freeze("s1", DeskState::frozen, nullptr));
            both.push_back(house.fleet.wake("s1"));
            co_await async::all("both", std::move(both));
            CHECK(house.host.only().is_frozen == (house.fleet.find_endpoint("s1") == nullptr));
        }
    });
}

TEST_CASE("a desk that cannot be frozen goes on, and its session hears so") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        house.host.freeze_failure = core::Error{core::Code::timeout, "it did not stop"};
        CHECK((co_await fakes::error_of(house.fleet.freeze("s1", DeskState::paused, nullptr))).message() ==
              "it did not stop");
        CHECK(house.fleet.find_endpoint("s1"));
        co_await house.store.run([](store::Transaction&) {});
        CHECK(co_await house.log("s1") ==
              lines({"desk starting", "desk ready", "desk paused", "desk ready"}));
    });
}

TEST_CASE("a resting desk can be ended, and its end by itself is told") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        co_await house.fleet.freeze("s1", DeskState::paused, nullptr);
        co_await house.fleet.stop("s1", nullptr);
        CHECK(house.host.machines.empty());

        co_await house.start("s2");
        co_await house.fleet.freeze("s2", DeskState::frozen, nullptr);
        house.host.only().end({"killed", "somebody killed it"});
        co_await house.wait_for("s2", "desk failed");
        co_await house.wait_until_gone("s2");
    });
}

TEST_CASE("without a desk there is nothing to freeze and nothing to wake") {
    in_a_house([](House& house) -> Task<> {
        co_await house.fleet.wake("s1");
        const auto error = co_await fakes::error_of(house.fleet.freeze("s1", DeskState::frozen, nullptr));
        CHECK(error.reason() == "desk_not_ready");
    });
}

TEST_CASE("the next server finds resting desks as they were, and wakes one that only seems to run") {
    fleet::on_a_host([](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        {
            House house{executor, directory, host};
            co_await house.start("s1");
            co_await house.fleet.freeze("s1", DeskState::paused, nullptr);
            // Cut between the commit and the freezing.
            host.only().set_frozen(false);
            co_await house.close();
        }
        House house{executor, directory, host};
        co_await house.fleet.recover();
        CHECK(host.only().is_frozen);
        CHECK(house.fleet.find_desk("s1")->state == DeskState::paused);
        co_await house.fleet.wake("s1");
        CHECK(house.fleet.find_endpoint("s1"));
        // Frozen by somebody, without a word in the store.
        co_await house.store.run([](store::Transaction&) {});
        host.only().set_frozen(true);
        co_await house.close();

        House next{executor, directory, host};
        co_await next.fleet.recover();
        CHECK_FALSE(host.only().is_frozen);
        CHECK(next.fleet.find_endpoint("s1"));
        co_await next.close();
    });
}

TEST_CASE("whoever is answered that a paused desk goes on finds it so also when the server is cut at once") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        co_await house.fleet.freeze("s1", DeskState::paused, nullptr);
        fleet::HeldStore held{house.store};
        bool is_answered = false;
        async::Scope scope{co_await boost::asio::this_coro::executor};
        scope.start("wake", [](House& h, bool& answered) -> Task<> {
            co_await h.fleet.wake("s1");
            answered = true;
        }(house, is_answered));
        for (int turn = 0; turn < 30 && !is_answered; ++turn) co_await async::pause(1ms);
        CHECK_FALSE(is_answered);
        held.let_go();
        while (!is_answered) co_await async::pause(1ms);
        CHECK((co_await house.row("s1")).state == DeskState::ready);
        CHECK_FALSE(house.host.only().is_frozen);
        CHECK(house.fleet.find_endpoint("s1"));
    });
}

TEST_CASE("idleness does not make a paused desk one that any call wakes") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        co_await house.fleet.freeze("s1", DeskState::paused, nullptr);
        co_await house.fleet.freeze("s1", DeskState::frozen, nullptr);
        CHECK(house.fleet.find_desk("s1")->state == DeskState::paused);
        CHECK((co_await house.row("s1")).state == DeskState::paused);
    });
}

TEST_CASE("a slow restart leaves a paused desk paused") {
    fleet::FleetOptions hasty;
    hasty.patience.before_serving = 1ms;
    fleet::on_a_host([&](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        {
            House house{executor, directory, host};
            co_await house.start("s1");
            co_await house.fleet.freeze("s1", DeskState::paused, nullptr);
            co_await house.close();
        }
        host.adoption_takes = 50ms;
        House house{executor, directory, host, hasty};
        co_await house.fleet.recover();
        CHECK(house.fleet.find_desk("s1")->state == DeskState::paused);
        while (!house.fleet.is_well("s1")) co_await async::pause(1ms);
        CHECK(host.only().is_frozen);
        CHECK(house.fleet.find_desk("s1")->state == DeskState::paused);
        co_await house.close();
    });
}
