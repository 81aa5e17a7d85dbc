#include "session/desk_logs.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/session/house.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using core::Speaker;
using tests::House;
using tests::in_a_house;

namespace {

Task<std::vector<std::string>> texts_of(House& house, std::string id, std::size_t most = 100) {
    std::vector<std::string> texts;
    for (const auto& said : (co_await house.service.desk_log(ops::local_principal(), id, most)).lines)
        texts.push_back(said.line.text);
    co_return texts;
}

Task<std::string> desk_of(House& house, std::string id) {
    co_return (co_await house.service.get(ops::local_principal(), id)).row.desk.id;
}

/// Another desk for the session, whose present one ends.
Task<> renew(House& house, std::string id) {
    house.host.only().end({"killed", "somebody killed it"});
    while (house.fleet.size() > 0) co_await async::yield_turn();
    house.clock.advance(1s);
    co_await house.service.renew_desk(ops::local_principal(), id);
}

}  // namespace

TEST_CASE("the log of a session is its desk's, and before that the log of the desk that it has replaced") {
    in_a_house([](House& house) -> Task<> {
        using Texts = std::vector<std::string>;
        const auto id = co_await house.create();
        CHECK((co_await texts_of(house, id)).empty());
        for (const auto* what : {"first", "second", "third"}) {
            const auto desk = co_await desk_of(house, id);
            house.host.logs.say(desk, Speaker::init, what);
            house.host.logs.say(desk, Speaker::display, std::string{what} + " display");
            if (what != std::string{"third"}) co_await renew(house, id);
        }
        CHECK(co_await texts_of(house, id) == Texts{"second", "second display", "third", "third display"});
        CHECK(house.host.logs.list().size() == 2);

        const auto last = co_await house.service.desk_log(ops::local_principal(), id, 3);
        CHECK(last.is_truncated);
        CHECK(last.lines.size() == 3);
        CHECK(last.lines.front().line.text == "second display");
        CHECK(last.lines.back().desk == co_await desk_of(house, id));

        co_await house.service.remove(ops::local_principal(), id, false);
        CHECK((co_await texts_of(house, id)).size() == 4);
        co_await house.service.remove(ops::local_principal(), id, true);
        CHECK(house.host.logs.list().empty());
    });
}

TEST_CASE("a desk that does not start is told with its last words, and leaves no log without a session") {
    in_a_house([](House& house) -> Task<> {
        house.host.on_start = [&](fakes::FakeMachine& machine) {
            machine.ready_problem = "the display is not up";
            for (int i = 0; i < 9; ++i)
                house.host.logs.say(machine.spec.id, Speaker::display, "word " + std::to_string(i));
        };
        const auto error = co_await house.failure_of(house.service.create(ops::local_principal(), {}));
        CHECK(error.message().ends_with(
            "; its log ends with: display: word 4 | display: word 5 | display: word 6 | display: word 7 | "
            "display: word 8"));
        CHECK(error.message().starts_with("the display is not up"));
        while (!house.host.logs.list().empty()) co_await async::yield_turn();
        CHECK((co_await house.service.list(ops::local_principal(), true, 10, 0)).total == 0);
    });
}

TEST_CASE("why a desk does not start is told also when its log cannot be read") {
    in_a_house([](House& house) -> Task<> {
        house.host.on_start = [&](fakes::FakeMachine& machine) {
            machine.ready_problem = "the display is not up";
            house.host.logs.read_failure = core::Error{core::Code::forbidden, "the log is not for us"};
        };
        const auto error = co_await house.failure_of(house.service.create(ops::local_principal(), {}));
        CHECK(error.message() == "the display is not up");
        CHECK(error.code() != core::Code::forbidden);
    });
}

TEST_CASE("a desk that is not even tried is refused without the words of the one before") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        house.host.logs.say(co_await desk_of(house, id), Speaker::display, "a word");
        bool is_starting = false;
        auto renewed = renew(house, id);
        house.host.on_start = [&](fakes::FakeMachine& machine) {
            machine.set_hung(true);
            is_starting = true;
        };
        async::Scope scope{co_await boost::asio::this_coro::executor};
        scope.start("another desk", std::move(renewed));
        while (!is_starting) co_await async::yield_turn();
        const auto refused = co_await house.failure_of(house.service.renew_desk(ops::local_principal(), id));
        CHECK(refused.code() == core::Code::conflict);
        CHECK(refused.message().find("log ends with") == std::string::npos);
        house.host.only().set_hung(false);
        while (!house.fleet.find_endpoint(id)) co_await async::yield_turn();
        co_await scope.close();
    });
}

TEST_CASE("what no session has any more is swept, and nothing else") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        const auto desk = co_await desk_of(house, id);
        house.host.logs.say(desk, Speaker::init, "kept");
        house.host.logs.say("desk_000000000000", Speaker::init, "of nobody");
        session::DeskLogs logs{house.pool, house.store, house.host.logs};
        co_await logs.sweep();
        CHECK(house.host.logs.list() == std::vector<std::string>{desk});
    });
}
