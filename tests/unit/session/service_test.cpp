#include "session/service.hpp"

#include <doctest/doctest.h>

#include "async/all.hpp"
#include "core/id.hpp"
#include "tests/unit/session/house.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using core::Code;
using tests::House;
using tests::in_a_house;

TEST_CASE("a session is made with its desk, found, listed, renamed, and deleted with its history kept") {
    in_a_house([](House& house) -> Task<> {
        const auto created = co_await house.service.create(
            ops::local_principal(), {.title = "First", .desk = core::DeskShape{.width = 800, .height = 600}});
        const auto id = created.session.row.id;
        CHECK(core::is_id("sess_", id));
        CHECK(created.session.row.desk.state == store::DeskState::ready);
        CHECK(created.session.row.desk.shape.width == 800);
        CHECK(created.session.row.model == "player");
        CHECK_FALSE(created.timings.empty());
        CHECK((co_await house.service.get(ops::local_principal(), id)).row.title == "First");
        CHECK((co_await house.service.rename(ops::local_principal(), id, "Second")).row.title == "Second");
        CHECK((co_await house.service.list(ops::local_principal(), false, 10, 0)).sessions.at(0).row.title ==
              "Second");

        co_await house.service.remove(ops::local_principal(), id, false);
        CHECK(house.host.machines.empty());
        CHECK((co_await house.failure_of(house.service.get(ops::local_principal(), id))).code() ==
              Code::not_found);
        CHECK((co_await house.failure_of(house.service.remove(ops::local_principal(), id, false))).code() ==
              Code::not_found);
        CHECK((co_await house.service.list(ops::local_principal(), false, 10, 0)).total == 0);
        CHECK((co_await house.service.list(ops::local_principal(), true, 10, 0)).total == 1);
        CHECK(co_await house.log(id) ==
              std::vector<std::string>{"desk starting", "desk ready", "desk stopped"});

        co_await house.service.remove(ops::local_principal(), id, true);
        CHECK((co_await house.service.list(ops::local_principal(), true, 10, 0)).total == 0);
        CHECK((co_await house.failure_of(house.service.events_after(ops::local_principal(), id, 0, 1)))
                  .code() == Code::not_found);
    });
}

TEST_CASE("what belongs to another principal does not exist") {
    in_a_house([](House& house) -> Task<> {
        auto& service = house.service;
        const ops::Principal eve{"eve", ops::Role::user};
        const auto id = co_await house.create();
        const auto code = [&](auto task) -> Task<Code> {
            co_return (co_await house.failure_of(std::move(task))).code();
        };
        CHECK(co_await code(service.get(eve, id)) == Code::not_found);
        CHECK(co_await code(service.get_with_messages(eve, id)) == Code::not_found);
        CHECK(co_await code(service.rename(eve, id, "x")) == Code::not_found);
        CHECK(co_await code(service.remove(eve, id, true)) == Code::not_found);
        CHECK(co_await code(service.send_message(eve, id, "x")) == Code::not_found);
        CHECK(co_await code(service.cancel(eve, id)) == Code::not_found);
        CHECK(co_await code(service.events_after(eve, id, 0, 1)) == Code::not_found);
        CHECK(co_await code(service.follow(eve, id, 0)) == Code::not_found);
        CHECK(co_await code(service.blob(eve, id, std::string(64, 'a'))) == Code::not_found);
        CHECK(co_await code(service.desk(eve, id)) == Code::not_found);
        CHECK(co_await code(service.desk_log(eve, id, 1)) == Code::not_found);
        CHECK(co_await code(service.renew_desk(eve, id)) == Code::not_found);
        CHECK((co_await service.list(eve, true, 10, 0)).total == 0);
        CHECK((co_await service.get(ops::local_principal(), id)).row.id == id);
    });
}

TEST_CASE("a session whose desk cannot be made does not come into being") {
    in_a_house([](House& house) -> Task<> {
        house.host.start_failure =
            core::Error{Code::unavailable, "there is no image desktop: run carrel image build"};
        const auto error = co_await house.failure_of(house.service.create(ops::local_principal(), {}));
        CHECK(error.message() == "there is no image desktop: run carrel image build");
        CHECK((co_await house.service.list(ops::local_principal(), true, 10, 0)).total == 0);
        CHECK(house.fleet.size() == 0);
        house.host.start_failure.reset();

        CHECK(
            (co_await house.failure_of(house.service.create(ops::local_principal(), {.provider = "nobody"})))
                .code() == Code::invalid);
        CHECK((co_await house.failure_of(house.service.create(ops::local_principal(), {.model = "unknown"})))
                  .code() == Code::invalid);
        for (int i = 0; i < 3; ++i) co_await house.create();
        CHECK((co_await house.failure_of(house.service.create(ops::local_principal(), {}))).code() ==
              Code::exhausted);
    });
}

TEST_CASE("a session is finished even when the one who asked for it goes away") {
    in_a_house([](House& house) -> Task<> {
        async::Gate arrived{co_await boost::asio::this_coro::executor};
        bool has_begun = false;
        house.host.on_start = [&](fakes::FakeMachine&) {
            has_begun = true;
            arrived.notify_all();
        };
        async::Scope client{co_await boost::asio::this_coro::executor};
        client.start("client", [](House& h) -> Task<> { co_await h.create(); }(house));
        while (!has_begun) co_await arrived.wait();
        co_await client.close();
        while ((co_await house.service.list(ops::local_principal(), false, 10, 0))
                   .sessions.at(0)
                   .row.desk.state != store::DeskState::ready)
            co_await async::yield_turn();
        CHECK(house.host.machines.size() == 1);
    });
}

TEST_CASE("deleting and making sessions at the same time do not wait for each other or get mixed up") {
    in_a_house([](House& house) -> Task<> {
        for (int round = 0; round < 5; ++round) {
            const auto first = co_await house.create();
            std::string second;
            std::vector<Task<>> tasks;
            tasks.push_back([](House& h, std::string id) -> Task<> {
                co_await h.service.remove(ops::local_principal(), id, true);
            }(house, first));
            tasks.push_back(
                [](House& h, std::string& id) -> Task<> { id = co_await h.create(); }(house, second));
            tasks.push_back([](House& h, std::string id) -> Task<> {
                co_await h.failure_of(
                    h.service.remove(ops::local_principal(), id, true));  // once is enough, or both are fine
            }(house, "sess_000000000000"));
            co_await async::all("client", std::move(tasks));
            CHECK(house.host.machines.size() == 1);
            CHECK((co_await house.service.get(ops::local_principal(), second)).row.desk.state ==
                  store::DeskState::ready);
            co_await house.service.remove(ops::local_principal(), second, true);
        }
        CHECK(house.host.machines.empty());
    });
}

TEST_CASE("a desk that failed says why, refuses calls and messages, and is replaced on demand") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        CHECK((co_await house.failure_of(house.service.renew_desk(ops::local_principal(), id))).code() ==
              Code::conflict);
        const auto before = co_await house.service.desk(ops::local_principal(), id);
        house.host.holds_removals = true;
        house.host.only().end({"killed", "somebody killed it"});
        co_await house.wait_for(id, "desk failed");
        const auto error = co_await house.failure_of(house.service.desk(ops::local_principal(), id));
        CHECK(error.code() == Code::conflict);
        CHECK(error.reason() == "desk_failed");
        CHECK(error.message() == "the desk failed: somebody killed it; `carrel logs --desk " + id +
                                     "` says more, `carrel session renew " + id +
                                     "` gives the session a new one");
        CHECK((co_await house.failure_of(house.service.send_message(ops::local_principal(), id, "hi")))
                  .reason() == "desk_failed");
        // It is being cleared away still.
        CHECK(house.fleet.size() == 1);
        session::Session renewed;
        const auto renew = [&]() -> Task<> {
            renewed = co_await house.service.renew_desk(ops::local_principal(), id);
        };
        const auto let_go = [&]() -> Task<> {
            for (int i = 0; i < 100; ++i) co_await async::yield_turn();
            house.host.holds_removals = false;
        };
        std::vector<Task<>> tasks;
        tasks.push_back(renew());
        tasks.push_back(let_go());
        co_await async::all("both", std::move(tasks));
        CHECK(renewed.row.desk.state == store::DeskState::ready);
        CHECK(renewed.row.desk.shape.width == 1024);
        CHECK(co_await house.service.desk(ops::local_principal(), id) != before);
        co_await house.service.send_message(ops::local_principal(), id, "hi");
        co_await house.wait_for(id, "message_complete completed");
    });
}

TEST_CASE("keys are kept by principal, and a provider that needs one says so at the first message") {
    in_a_house([](House& house) -> Task<> {
        auto& service = house.service;
        const auto id = co_await house.create({.provider = "keyed"});
        CHECK_FALSE(house.models.has_key("local", "keyed"));
        CHECK(house.models.has_key("local", "played"));
        const auto error = co_await house.failure_of(service.send_message(ops::local_principal(), id, "hi"));
        CHECK(error.code() == Code::unavailable);
        CHECK(error.reason() == "no_model_key");
        house.models.set_key("eve", "keyed", "eve's");
        CHECK_FALSE(house.models.has_key("local", "keyed"));
        house.models.set_key("local", "keyed", "mine");
        co_await service.send_message(ops::local_principal(), id, "hi");
        CHECK(house.last_key == "mine");
        co_await house.wait_for(id, "message_complete completed");
        house.models.forget_key("local", "keyed");
        CHECK_FALSE(house.models.has_key("local", "keyed"));
        CHECK_THROWS_AS(house.models.set_key("local", "nobody", "x"), core::Error);
        CHECK_THROWS_AS(house.models.set_key("local", "played", "x"), core::Error);
    });
}

TEST_CASE("a session that stood in the line when its server was cut is no more") {
    tests::in_a_house([](tests::House& house) -> async::Task<> {
        co_await house.store.run([](store::Transaction& t) {
            store::SessionRow row;
            row.id = "sess_000000000001";
            row.principal = "local";
            row.key = "again";
            t.insert_session(row);
        });
        const auto kept = co_await house.create();
        co_await house.service.start();
        const auto listed = co_await house.service.list(ops::local_principal(), false, 10, 0, false);
        REQUIRE(listed.sessions.size() == 1);
        CHECK(listed.sessions[0].row.id == kept);
    });
}
