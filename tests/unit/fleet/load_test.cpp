#include "fleet/load.hpp"

#include <doctest/doctest.h>

#include "async/all.hpp"
#include "tests/unit/fleet/house.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using fleet::House;
using fleet::in_a_house;
using fleet::Loads;

namespace {

fakes::FakeMachine& machine_of(House& house, const store::DeskRow& desk) {
    return *house.host.machines.at(desk.id);
}

Task<> read_into(Loads& loads, std::shared_ptr<const fleet::DeskLoads>& known) {
    known = co_await loads.read();
}

}  // namespace

TEST_CASE("every living desk is measured, a frozen one too, and none that has ended") {
    in_a_house([](House& house) -> Task<> {
        const auto first = (co_await house.start("s1")).desk;
        const auto second = (co_await house.start("s2")).desk;
        machine_of(house, first).usage = {.memory = 10, .processes = 3, .processor_time = 20us};
        machine_of(house, second).usage = {.memory = 30, .processes = {}, .processor_time = {}};
        machine_of(house, second).set_frozen(true);
        Loads loads{co_await boost::asio::this_coro::executor, house.fleet, 0s};
        auto known = co_await loads.read();
        REQUIRE(known->size() == 2);
        const auto& one = known->at(first.id < second.id ? 0 : 1);
        CHECK(one.desk == first.id);
        CHECK(one.session == "s1");
        CHECK(one.usage.memory == 10);
        CHECK(one.usage.processor_time == 20us);
        CHECK(known->at(first.id < second.id ? 1 : 0).usage.memory == 30);
        CHECK(machine_of(house, second).is_frozen);

        co_await house.fleet.stop("s1", nullptr);
        known = co_await loads.read();
        REQUIRE(known->size() == 1);
        CHECK(known->at(0).desk == second.id);
    });
}

TEST_CASE("many who ask cause one measurement, and what was measured lasts") {
    in_a_house([](House& house) -> Task<> {
        const auto desk = (co_await house.start("s1")).desk;
        Loads loads{co_await boost::asio::this_coro::executor, house.fleet, 1h};
        std::vector<std::shared_ptr<const fleet::DeskLoads>> all(20);
        std::vector<Task<>> tasks;
        for (auto& known : all) tasks.push_back(read_into(loads, known));
        co_await async::all("reading", std::move(tasks));
        for (const auto& known : all) CHECK((known && known->size() == 1));
        co_await loads.read();
        CHECK(machine_of(house, desk).measured == 1);
    });
}

TEST_CASE("more desks than are asked at a time are all measured; one that cannot be takes no other along") {
    fleet::FleetOptions options;
    options.of_all.desks = 30;
    in_a_house(
        [](House& house) -> Task<> {
            std::string unwell;
            for (int i = 0; i < 30; ++i) unwell = (co_await house.start("s" + std::to_string(i))).desk.id;
            house.host.machines.at(unwell)->usage_failure = core::Error{core::Code::not_found, "it is gone"};
            Loads loads{co_await boost::asio::this_coro::executor, house.fleet, 0s};
            const auto known = co_await loads.read();
            CHECK(known->size() == 29);
            for (const auto& load : *known) CHECK(load.desk != unwell);
        },
        options);
}

TEST_CASE("without desks there is nothing to measure") {
    in_a_house([](House& house) -> Task<> {
        Loads loads{co_await boost::asio::this_coro::executor, house.fleet};
        CHECK((co_await loads.read())->empty());
    });
}
