#include "session/usage.hpp"

#include <doctest/doctest.h>

#include "tests/unit/session/house.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using tests::House;
using tests::in_a_house;

TEST_CASE("a session's use is the sum of its answers and what its desk takes now") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        house.host.only().usage = {.memory = 5, .processes = 2, .processor_time = 9us};
        auto usage = co_await house.service.usage(ops::local_principal(), id);
        CHECK(usage.model.answers == 0);
        CHECK(usage.model.input_tokens == 0);
        REQUIRE(usage.desk);
        CHECK(usage.desk->memory == 5);
        CHECK(usage.desk->processor_time == 9us);

        for (const auto* word : {"One.", "Two."}) {
            co_await house.service.send_message(ops::local_principal(), id, word);
            co_await house.wait_until_idle();
        }
        usage = co_await house.service.usage(ops::local_principal(), id);
        CHECK(usage.model.answers == 2);
        CHECK(usage.model.input_tokens == 6);
        CHECK(usage.model.output_tokens == 4);
        CHECK_FALSE(usage.is_busy);

        co_await house.service.remove(ops::local_principal(), id, false);
        usage = co_await house.service.usage(ops::local_principal(), id);
        CHECK(usage.model.answers == 2);
        CHECK_FALSE(usage.desk);
        CHECK(usage.row.desk.state == store::DeskState::stopped);
    });
}

TEST_CASE("a desk that cannot be measured hides nothing else, and other people's use is nobody's") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        house.host.only().usage_failure = core::Error{core::Code::not_found, "it is gone"};
        CHECK_FALSE((co_await house.service.usage(ops::local_principal(), id)).desk);
        const ops::Principal eve{"eve", ops::Role::user};
        CHECK((co_await house.failure_of(house.service.usage(eve, id))).code() == core::Code::not_found);
        CHECK((co_await house.failure_of(house.service.usage(ops::local_principal(), "sess_0123456789ab")))
                  .code() == core::Code::not_found);
    });
}

TEST_CASE("whoever watches hears of sessions that were made, and of no others") {
    in_a_house([](House& house) -> Task<> {
        std::vector<std::string> heard;
        house.service.watch_creations([&](const fleet::Started& started, auto took) {
            heard.push_back(started.timings.front().first);
            CHECK(took >= 0s);
        });
        co_await house.create();
        house.host.start_failure = core::Error{core::Code::unavailable, "no"};
        co_await house.failure_of(house.create());
        CHECK(heard == std::vector<std::string>{"commit"});
        CHECK(house.service.failed_creations() == 1);
        co_await house.failure_of(house.create());
        CHECK(house.service.failed_creations() == 2);
        house.host.start_failure.reset();
        co_await house.create();
        CHECK(house.service.failed_creations() == 0);
        co_await house.create();
        CHECK((co_await house.failure_of(house.create())).reason() == "no_free_desk");
        CHECK(house.service.failed_creations() == 0);
    });
}
