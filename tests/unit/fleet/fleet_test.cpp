#include "fleet/fleet.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <future>
#include <stdexcept>

#include "async/all.hpp"
#include "async/deadline.hpp"
#include "core/error.hpp"
#include "tests/unit/fleet/house.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using fakes::FakeHost;
using fleet::House;
using fleet::in_a_house;
using fleet::lines;
using store::DeskState;
using store::Transaction;

TEST_CASE("a desk starts, answers calls, and is destroyed") {
    in_a_house([](House& house) -> Task<> {
        const auto started = co_await house.start("s1");
        CHECK(started.desk.state == DeskState::ready);
        REQUIRE(started.timings.size() == 4);
        CHECK(started.timings[0].first == "commit");
        CHECK(started.timings[3].first == "ready");
        CHECK(house.host.only().spec.shape.width == 1024);
        CHECK(house.host.only().spec.nonce.size() == 32);
        CHECK((co_await house.row("s1")).state == DeskState::ready);

        net::Request request;
        net::set_target(request, "/mouse/click");
        request.body = net::make_source("");
        CHECK((co_await house.fleet.find_endpoint("s1")->handle(request)).status == 200);
        CHECK(house.host.only().operations == 1);

        co_await house.fleet.stop("s1", [](Transaction& t) { t.archive_session("s1", {}); });
        CHECK(house.host.machines.empty());
        CHECK_FALSE(house.fleet.find_endpoint("s1"));
        CHECK(co_await house.log("s1") == lines({"desk starting", "desk ready", "desk stopped"}));
        const auto row =
            co_await house.store.run([](Transaction& t) { return t.find_session("s1").value(); });
        CHECK(row.archived_at);
        CHECK(row.desk.is_removed);
    });
}

TEST_CASE("desks start at the same time, each with a reservation of its own, up to the limit") {
    in_a_house(
        [](House& house) -> Task<> {
            std::vector<Task<>> starts;
            for (const auto* id : {"s1", "s2", "s3"})
                starts.push_back([](House& h, std::string s) -> Task<> { co_await h.start(s); }(house, id));
            co_await async::all("start", std::move(starts));
            CHECK(house.host.most_at_once > 1);
            std::set<unsigned> reservations;
            for (const auto& [id, machine] : house.host.machines)
                reservations.insert(machine->spec.reservation);
            CHECK(reservations == std::set<unsigned>{0, 1, 2});

            const auto error = co_await house.failure_of_start("s4");
            CHECK(error.code() == core::Code::exhausted);
            CHECK(error.message().find("all 3 desks") == 0);
            const auto none =
                co_await house.store.run([](Transaction& t) { return t.find_session("s4").has_value(); });
            CHECK_FALSE(none);

            co_await house.fleet.stop("s2", nullptr);
            co_await house.start("s4");
            CHECK(house.host.machines.size() == 3);
        },
        {.of_all = {.desks = 3}});
}

TEST_CASE("a reservation is free again only after the removal was confirmed") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        house.host.removal_failure = core::Error{core::Code::internal, "a mount is busy"};
        try {
            co_await house.fleet.stop("s1", nullptr);
            FAIL("no error");
        } catch (const core::Error& error) {
            CHECK(error.message() == "a mount is busy");
        }
        house.host.removal_failure.reset();
        CHECK_FALSE((co_await house.row("s1")).is_removed);
        co_await house.start("s2");
        CHECK((co_await house.row("s2")).reservation == 1);
    });
}

TEST_CASE("a start that fails says why, leaves a failed row and nothing on the host") {
    struct Case {
        std::string name;
        std::function<void(FakeHost&)> prepare;
        std::string expected;
    };
    const std::vector<Case> cases{
        {"driver",
         [](FakeHost& h) { h.start_failure = core::Error{core::Code::not_found, "no image desktop"}; },
         "no image desktop"},
        {"nonce", [](FakeHost& h) { h.on_start = [](auto& m) { m.hello_nonce = "guessed"; }; },
         "what answers is not this desk: it does not know its nonce"},
        {"other", [](FakeHost& h) { h.on_start = [](auto& m) { m.hello_desk = "desk_other"; }; },
         "what answers is not this desk: it says that it is another desk"},
        {"ready",
         [](FakeHost& h) { h.on_start = [](auto& m) { m.ready_problem = "openbox did not start"; }; },
         "openbox did not start"},
        {"dead", [](FakeHost& h) { h.on_start = [](auto& m) { m.end({"killed", "somebody killed it"}); }; },
         "the desk ended while it was starting: somebody killed it"},
    };
    for (const auto& test : cases) {
        CAPTURE(test.name);
        in_a_house([&](House& house) -> Task<> {
            auto& host = house.host;
            test.prepare(host);
            const auto session = "s_" + test.name;
            const auto error = co_await house.failure_of_start(session);
            CHECK(error.message() == test.expected);
            CHECK(host.machines.empty());
            const auto row = co_await house.row(session);
            CHECK(row.state == DeskState::failed);
            CHECK(row.reason == test.expected);
            CHECK(row.is_removed);
            CHECK(co_await house.log(session) == lines({"desk starting", "desk failed"}));
            CHECK(house.fleet.size() == 0);
            host.start_failure.reset();
            host.on_start = nullptr;
            co_await house.fleet.start({.session_id = session, .principal = "local"}, nullptr);
            CHECK((co_await house.row(session)).reservation == 0);
        });
    }
}

TEST_CASE(
    "a desk is told what its owner wishes, once and before anybody else calls it; of nothing it is not "
    "told") {
    in_a_house([](House& house) -> Task<> {
        std::vector<std::string> asked;
        house.host.on_start = [&](fakes::FakeMachine& machine) {
            machine.operation = [&](net::Request& request) -> Task<net::Response> {
                asked.push_back(request.method + " " + request.path + " " +
                                co_await net::collect_body(request, 1000));
                co_return net::json_response(200, "{}");
            };
        };
        const auto insert = [](std::string session) {
            return [session](store::Transaction& t) { t.insert_session(House::session_row(session)); };
        };
        co_await house.fleet.start({.session_id = "s1", .principal = "local"}, insert("s1"));
        CHECK(asked.empty());
        const auto started = co_await house.fleet.start(
            {.session_id = "s2", .principal = "local", .beginning = {.command = "true"}}, insert("s2"));
        CHECK(asked == lines({R"(POST /begin {"command":"true"})"}));
        CHECK(started.timings.back().first == "begin");
    });
}

TEST_CASE("a desk that cannot begin as wished is no desk, and its client reads why") {
    struct Case {
        int status;
        std::string body;
        core::Code code;
        std::string message;
    };
    const Case cases[] = {
        {422,
         R"({"detail":[{"loc":["body","locale"],"msg":"is not there","type":"t"}],"code":"validation_failed"})",
         core::Code::invalid, "locale: is not there"},
        {409, R"({"detail":"it has begun","code":"already_begun"})", core::Code::conflict, "it has begun"},
        {503, R"({"detail":"no window manager"})", core::Code::unavailable, "no window manager"},
        {404, R"({"detail":"no such call"})", core::Code::unavailable, "no such call"},
        {200 + 99, "{}", core::Code::unavailable, "the desk answered with status 299"},
    };
    for (const auto& test : cases) {
        CAPTURE(test.status);
        in_a_house([&](House& house) -> Task<> {
            house.host.on_start = [&](fakes::FakeMachine& machine) {
                machine.operation = [&](net::Request&) -> Task<net::Response> {
                    co_return net::json_response(test.status, test.body);
                };
            };
            std::optional<core::Error> failure;
            try {
                co_await house.fleet.start(
                    {.session_id = "s1", .principal = "local", .beginning = {.locale = "xx"}},
                    [](store::Transaction& t) { t.insert_session(House::session_row("s1")); });
            } catch (const core::Error& error) {
                failure = error;
            }
            REQUIRE(failure);
            CHECK(failure->code() == test.code);
            CHECK(failure->message() == test.message);
            CHECK(house.host.machines.empty());
            CHECK(house.fleet.size() == 0);
        });
    }
}

TEST_CASE("a desk that ends by itself is failed, with the reason, and is cleared away") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        house.host.only().end({"out_of_memory", "it used more memory than 4 GiB"});
        int asked_meanwhile = 0;
        while (const auto* known = house.fleet.find_desk("s1")) {
            if (!house.fleet.find_endpoint("s1")) {
                ++asked_meanwhile;
                CHECK(known->state == DeskState::failed);
                CHECK(known->reason == "it used more memory than 4 GiB");
            }
            co_await async::yield_turn();
        }
        CHECK(asked_meanwhile > 0);
        const auto event = co_await house.wait_for("s1", "desk failed");
        CHECK(json::text_or(json::parse(event.data).value(), "reason") == "it used more memory than 4 GiB");
        co_await house.wait_until_gone("s1");
        CHECK(house.host.machines.empty());
        const auto row = co_await house.row("s1");
        CHECK(row.state == DeskState::failed);
        CHECK(row.code == "out_of_memory");
        co_await house.fleet.start({.session_id = "s1", .principal = "local"}, nullptr);
        CHECK((co_await house.row("s1")).state == DeskState::ready);
    });
}

TEST_CASE("a desk that dies while its end cannot be stored is not taken for well") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        std::promise<void> go;
        const auto full = [may_fail = go.get_future().share()](Transaction&) {
            may_fail.wait();
            throw core::Error{core::Code::exhausted, "the disk is full", "disk_full"};
        };
        async::Scope scope{co_await boost::asio::this_coro::executor};
        scope.start("deleting", house.fleet.stop("s1", full));
        co_await async::yield_turn();
        const auto machine = house.host.machines.begin()->second;
        machine->end({"killed", "somebody killed it"});
        while (machine->ends_told == 0) co_await async::yield_turn();
        CHECK(house.fleet.find_desk("s1"));
        go.set_value();
        co_await house.wait_for("s1", "desk failed");
        co_await house.wait_until_gone("s1");
        CHECK(house.host.machines.empty());
        while (scope.size() > 0) co_await async::yield_turn();
    });
}

TEST_CASE("a failed start whose desk cannot be removed is no member, whatever is thrown") {
    in_a_house([](House& house) -> Task<> {
        house.host.on_start = [](auto& machine) { machine.ready_problem = "openbox did not start"; };
        house.host.on_remove = [] { throw std::runtime_error{"odd"}; };
        CHECK((co_await house.failure_of_start("s1")).message() == "openbox did not start");
        CHECK(house.fleet.size() == 0);
        CHECK((co_await house.row("s1")).state == DeskState::failed);
        CHECK_FALSE((co_await house.row("s1")).is_removed);
        house.host.on_remove = nullptr;
    });
}

TEST_CASE("notices of the driver and of the tool server come into the log, in known words") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        house.host.only().add_notice({"out_of_memory", "the kernel killed chromium for memory"});
        co_await house.wait_for("s1", "status out_of_memory");
        house.host.only().send_notice("send me your password");
        house.host.only().send_notice("display_restarted");
        co_await house.wait_for("s1", "status display_restarted");
        CHECK(co_await house.log("s1") ==
              lines({"desk starting", "desk ready", "status out_of_memory", "status display_restarted"}));
    });
}

TEST_CASE("a screen that was resized is stored, and told once for what it was resized to") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        // What it has already is no news.
        house.host.only().send_notice("screen", R"({"width":1024,"height":768})");
        house.host.only().send_notice("screen", R"({"width":1920,"height":1080})");
        house.host.only().send_notice("screen", R"({"width":0,"height":-1})");
        while ((co_await house.row("s1")).shape.width != 1920) co_await async::yield_turn();
        CHECK((co_await house.row("s1")).shape.height == 1080);
        CHECK(house.fleet.find_desk("s1")->shape.width == 1920);
        CHECK(co_await house.log("s1") == lines({"desk starting", "desk ready", "desk ready"}));
    });
}
