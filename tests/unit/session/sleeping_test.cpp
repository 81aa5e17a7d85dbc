// Sessions whose desks sleep.
#include "agent/history.hpp"
#include "async/all.hpp"
#include "tests/unit/session/house.hpp"

using namespace carrel;
using namespace carrel::tests;
using store::DeskState;

namespace {

const auto local = ops::local_principal;

Task<> put_to_sleep(House& house, std::string id) {
    co_await house.fleet.sleep(std::move(id), [] { return true; });
}

/// A turn of the session: how often the model is told in it that the desk slept.
Task<std::size_t> told_in_turn(House& house, std::string id) {
    std::size_t told = 0;
    house.play = [&](agent::Question question, agent::Progress&) -> Task<agent::Answer> {
        told = question.messages.back().contains(agent::desk_slept) ? 1 : 0;
        co_return text_answer("Yes.");
    };
    co_await house.service.send_message(local(), std::move(id), "are you there?");
    co_await house.wait_until_idle();
    co_return told;
}

}  // namespace

TEST_CASE("an idle desk whose session says so sleeps by itself, and a call wakes it") {
    in_a_house([](House& house) -> Task<> {
        session::Wish wish;
        wish.lifetime = {.on_idle = store::OnIdle::sleep, .idle = 1s, .max_age = {}};
        const auto id = co_await house.create(std::move(wish));
        co_await house.wait_for(id, "desk asleep");
        while (house.host.asleep.empty()) co_await async::yield_turn();
        CHECK((co_await house.service.get(local(), id)).row.desk.state == DeskState::asleep);
        CHECK(co_await house.service.desk(local(), id));
        const auto session = co_await house.service.get(local(), id);
        CHECK(session.row.desk.state == DeskState::ready);
        CHECK(session.row.desk.code == fleet::after_sleep);
    });
}

TEST_CASE("a desk whose files could not be kept is frozen instead") {
    in_a_house([](House& house) -> Task<> {
        house.host.can_sleep = false;
        session::Wish wish;
        wish.lifetime = {.on_idle = store::OnIdle::sleep, .idle = 1s, .max_age = {}};
        const auto id = co_await house.create(std::move(wish));
        co_await house.wait_for(id, "desk frozen");
        CHECK(house.host.asleep.empty());
    });
}

TEST_CASE("the model is told once that its desk slept") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        CHECK(co_await told_in_turn(house, id) == 0);
        co_await put_to_sleep(house, id);
        CHECK(co_await told_in_turn(house, id) == 1);
        CHECK(co_await told_in_turn(house, id) == 0);
        // Also when somebody else has woken it.
        co_await put_to_sleep(house, id);
        co_await house.service.resume(local(), id);
        CHECK(co_await told_in_turn(house, id) == 1);
    });
}

TEST_CASE("a desk that sleeps is not paused; one that cannot be woken can be replaced") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        co_await put_to_sleep(house, id);
        CHECK((co_await house.failure_of(house.service.pause(local(), id))).reason() == "desk_asleep");
        CHECK((co_await house.failure_of(house.service.renew_desk(local(), id))).code() ==
              core::Code::conflict);
        const auto slept = (co_await house.service.get(local(), id)).row.desk.id;

        house.host.start_failure = core::Error{core::Code::internal, "no loop device"};
        CHECK((co_await house.failure_of(house.service.desk(local(), id))).message().contains("loop device"));
        CHECK((co_await house.service.get(local(), id)).row.desk.code == fleet::cannot_wake);
        house.host.start_failure.reset();
        const auto renewed = co_await house.service.renew_desk(local(), id);
        CHECK(renewed.row.desk.state == DeskState::ready);
        CHECK(renewed.row.desk.id != slept);
        CHECK(house.host.asleep.empty());
    });
}

TEST_CASE("a session that is removed while its desk sleeps leaves no files") {
    in_a_house([](House& house) -> Task<> {
        for (const bool purge : {false, true}) {
            const auto id = co_await house.create();
            co_await put_to_sleep(house, id);
            co_await house.service.remove(local(), id, purge);
            CHECK(house.host.asleep.empty());
        }
    });
}
