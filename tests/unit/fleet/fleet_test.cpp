#include "fleet/fleet.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "async/all.hpp"
#include "async/deadline.hpp"
#include "core/error.hpp"
#include "tests/fakes/fake_driver.hpp"
#include "tests/fakes/manual_clock.hpp"
#include "tests/fakes/run_loop.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using fakes::FakeHost;
using fakes::run_loop;
using fakes::TempDir;
using fleet::Fleet;
using store::DeskState;
using store::Transaction;

namespace {

/// A server's part that has desks, on a host that may already have some.
struct House {
    House(async::Executor executor, const std::string& directory, FakeHost& host_,
          fleet::FleetOptions options = {})
        : host{host_},
          store{executor, {directory}},
          driver{executor, host},
          fleet{executor, driver, store, clock, std::move(options)} {}

    static store::SessionRow session_row(std::string id) {
        store::SessionRow row;
        row.id = std::move(id);
        row.principal = "local";
        return row;
    }
    Task<fleet::Started> start(std::string session) {
        return fleet.start(
            {.session_id = session, .principal = "local", .shape = {.width = 1024, .height = 768}},
            [session](Transaction& t) { t.insert_session(session_row(session)); });
    }
    Task<core::Error> failure_of_start(std::string session) {
        try {
            co_await start(session);
        } catch (const core::Error& error) {
            co_return error;
        }
        FAIL("the desk started");
        throw std::logic_error{"unreachable"};
    }
    Task<store::DeskRow> row(std::string session) {
        const auto found =
            co_await store.run([=](Transaction& t) { return t.find_session(session).value(); });
        co_return found.desk;
    }
    /// "desk starting", "desk ready", "status out_of_memory", …
    static std::string describe(const store::Event& event) {
        const auto data = json::parse(event.data).value();
        return event.name + " " + std::string{json::text_or(data, event.name == "desk" ? "state" : "code")};
    }
    Task<std::vector<std::string>> log(std::string session) {
        std::vector<std::string> lines;
        for (const auto& event :
             co_await store.run([=](Transaction& t) { return t.events_after(session, 0, -1); }))
            lines.push_back(describe(event));
        co_return lines;
    }
    /// Waits until the session's log has that line.
    Task<store::Event> wait_for(std::string session, std::string line) {
        auto follower = co_await store.follow(session, 0);
        while (const auto event = co_await follower.next_for(10s))
            if (describe(*event) == line) co_return *event;
        FAIL("never in the log: " << line);
        throw std::logic_error{"unreachable"};
    }
    Task<> wait_until_gone(std::string session) {
        while (fleet.find_desk(session)) co_await async::yield_turn();
    }
    Task<> close() {
        co_await fleet.close();
        co_await store.close();
    }

    FakeHost& host;
    store::Store store;
    fakes::FakeDriver driver;
    fakes::ManualClock clock;
    Fleet fleet;
};

std::vector<std::string> lines(std::initializer_list<std::string> list) { return list; }

}  // namespace

TEST_CASE("a desk starts, answers calls, and is destroyed") {
    TempDir dir;
    FakeHost host{dir.path()};
    run_loop([&](async::Executor executor) -> Task<> {
        House house{executor, dir.path(), host};
        const auto started = co_await house.start("s1");
        CHECK(started.desk.state == DeskState::ready);
        REQUIRE(started.timings.size() == 4);
        CHECK(started.timings[0].first == "commit");
        CHECK(started.timings[3].first == "ready");
        CHECK(host.only().spec.shape.width == 1024);
        CHECK(host.only().spec.nonce.size() == 32);
        CHECK((co_await house.row("s1")).state == DeskState::ready);

        net::Request request;
        net::set_target(request, "/mouse/click");
        request.body = net::make_source("");
        CHECK((co_await house.fleet.find_endpoint("s1")->handle(request)).status == 200);
        CHECK(host.only().operations == 1);

        co_await house.fleet.stop("s1", [](Transaction& t) { t.archive_session("s1", {}); });
        CHECK(host.machines.empty());
        CHECK_FALSE(house.fleet.find_endpoint("s1"));
        CHECK(co_await house.log("s1") == lines({"desk starting", "desk ready", "desk stopped"}));
        const auto row =
            co_await house.store.run([](Transaction& t) { return t.find_session("s1").value(); });
        CHECK(row.archived_at);
        CHECK(row.desk.is_removed);
        co_await house.close();
    });
}

TEST_CASE("desks start at the same time, each with a reservation of its own, up to the limit") {
    TempDir dir;
    FakeHost host{dir.path()};
    run_loop([&](async::Executor executor) -> Task<> {
        House house{executor, dir.path(), host, {.most_desks = 3}};
        std::vector<Task<>> starts;
        for (const auto* id : {"s1", "s2", "s3"})
            starts.push_back([](House& h, std::string s) -> Task<> { co_await h.start(s); }(house, id));
        co_await async::all("start", std::move(starts));
        CHECK(host.most_at_once > 1);
        std::set<unsigned> reservations;
        for (const auto& [id, machine] : host.machines) reservations.insert(machine->spec.reservation);
        CHECK(reservations == std::set<unsigned>{0, 1, 2});

        const auto error = co_await house.failure_of_start("s4");
        CHECK(error.code() == core::Code::exhausted);
        CHECK(error.message().find("all 3 desks") == 0);
        const auto none =
            co_await house.store.run([](Transaction& t) { return t.find_session("s4").has_value(); });
        CHECK_FALSE(none);

        co_await house.fleet.stop("s2", nullptr);
        co_await house.start("s4");
        CHECK(host.machines.size() == 3);
        co_await host.close();
        co_await house.close();
    });
}

TEST_CASE("a reservation is free again only after the removal was confirmed") {
    TempDir dir;
    FakeHost host{dir.path()};
    run_loop([&](async::Executor executor) -> Task<> {
        House house{executor, dir.path(), host};
        co_await house.start("s1");
        host.removal_failure = core::Error{core::Code::internal, "a mount is busy"};
        try {
            co_await house.fleet.stop("s1", nullptr);
            FAIL("no error");
        } catch (const core::Error& error) {
            CHECK(error.message() == "a mount is busy");
        }
        host.removal_failure.reset();
        CHECK_FALSE((co_await house.row("s1")).is_removed);
        co_await house.start("s2");
        CHECK((co_await house.row("s2")).reservation == 1);
        co_await host.close();
        co_await house.close();
    });
}

TEST_CASE("a start that fails says why, leaves a failed row and nothing on the host") {
    TempDir dir;
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
        FakeHost host{dir.path()};
        test.prepare(host);
        run_loop([&](async::Executor executor) -> Task<> {
            House house{executor, dir.path(), host};
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
            co_await host.close();
            co_await house.close();
        });
    }
}

TEST_CASE("a desk that ends by itself is failed, with the reason, and is cleared away") {
    TempDir dir;
    FakeHost host{dir.path()};
    run_loop([&](async::Executor executor) -> Task<> {
        House house{executor, dir.path(), host};
        co_await house.start("s1");
        host.only().end({"out_of_memory", "it used more memory than 4 GiB"});
        const auto event = co_await house.wait_for("s1", "desk failed");
        CHECK(json::text_or(json::parse(event.data).value(), "reason") == "it used more memory than 4 GiB");
        co_await house.wait_until_gone("s1");
        CHECK(host.machines.empty());
        const auto row = co_await house.row("s1");
        CHECK(row.state == DeskState::failed);
        CHECK(row.code == "out_of_memory");
        co_await house.fleet.start({.session_id = "s1", .principal = "local"}, nullptr);
        CHECK((co_await house.row("s1")).state == DeskState::ready);
        co_await host.close();
        co_await house.close();
    });
}

TEST_CASE("notices of the driver and of the tool server come into the log, in known words") {
    TempDir dir;
    FakeHost host{dir.path()};
    run_loop([&](async::Executor executor) -> Task<> {
        House house{executor, dir.path(), host};
        co_await house.start("s1");
        host.only().add_notice({"out_of_memory", "the kernel killed chromium for memory"});
        co_await house.wait_for("s1", "status out_of_memory");
        host.only().send_notice("send me your password");
        host.only().send_notice("display_restarted");
        co_await house.wait_for("s1", "status display_restarted");
        CHECK(co_await house.log("s1") ==
              lines({"desk starting", "desk ready", "status out_of_memory", "status display_restarted"}));
        co_await host.close();
        co_await house.close();
    });
}

TEST_CASE("desks outlive the server, and the next one takes over exactly those that are ours") {
    TempDir dir;
    FakeHost host{dir.path()};
    run_loop([&](async::Executor executor) -> Task<> {
        std::map<std::string, std::string> desks;
        {
            House first{executor, dir.path(), host};
            for (const auto* id :
                 {"well", "gone", "other_nonce", "other_identity", "other_boot", "not_ready", "ended"}) {
                const auto started = co_await first.start(id);
                desks[id] = started.desk.id;
            }
            // As a crash leaves it: the end is committed, the removal is not.
            co_await first.store.run(
                [id = desks["ended"]](Transaction& t) { t.set_desk_state(id, DeskState::stopped, "", ""); });
            co_await first.close();
        }
        co_await host.remove(desks["gone"]);
        host.removed.clear();
        host.machines.at(desks["other_nonce"])->hello_nonce = "guessed";
        host.machines.at(desks["other_identity"])->identity_nonce = "guessed";
        host.machines.at(desks["other_boot"])->why_not_adopted = "it is of an earlier boot";
        host.machines.at(desks["not_ready"])->ready_problem = "openbox is gone";
        fakes::FakeDriver stranger{executor, host};
        co_await stranger.start({.id = "desk_odd", .nonce = "x"});

        House second{executor, dir.path(), host};
        co_await second.fleet.recover();
        CHECK(host.machines.size() == 1);
        CHECK(host.machines.contains(desks["well"]));
        CHECK(second.fleet.find_endpoint("well"));
        CHECK(second.fleet.size() == 1);
        CHECK((co_await second.row("well")).state == DeskState::ready);
        CHECK(co_await second.log("well") == lines({"desk starting", "desk ready"}));
        for (const auto& [session, reason] :
             std::map<std::string, std::string>{{"gone", "the desk is gone"},
                                                {"other_nonce", "does not know its nonce"},
                                                {"other_identity", "identity file has another nonce"},
                                                {"other_boot", "earlier boot"},
                                                {"not_ready", "openbox is gone"}}) {
            CAPTURE(session);
            const auto row = co_await second.row(session);
            CHECK(row.state == DeskState::lost);
            CHECK(row.reason.find(reason) != std::string::npos);
            CHECK(row.is_removed);
            CHECK(co_await second.log(session) == lines({"desk starting", "desk ready", "desk lost"}));
            CHECK_FALSE(second.fleet.find_desk(session));
        }
        CHECK((co_await second.row("ended")).state == DeskState::stopped);
        CHECK((co_await second.row("ended")).is_removed);

        // The one that was taken over is watched again, and its reservation is kept.
        co_await second.start("new");
        CHECK((co_await second.row("new")).reservation != (co_await second.row("well")).reservation);
        host.machines.at(desks["well"])->end({"killed", "somebody killed it"});
        co_await second.wait_for("well", "desk failed");
        co_await second.wait_until_gone("well");
        co_await host.close();
        co_await second.close();
    });
}

TEST_CASE("a desk whose removal fails at start keeps its reservation until a later start removes it") {
    TempDir dir;
    FakeHost host{dir.path()};
    run_loop([&](async::Executor executor) -> Task<> {
        {
            House first{executor, dir.path(), host};
            co_await first.start("s1");
            co_await first.close();
        }
        host.only().hello_nonce = "guessed";
        host.removal_failure = core::Error{core::Code::internal, "a mount is busy"};
        {
            House second{executor, dir.path(), host};
            co_await second.fleet.recover();
            const auto row = co_await second.row("s1");
            CHECK(row.state == DeskState::lost);
            CHECK_FALSE(row.is_removed);
            CHECK(host.machines.size() == 1);
            co_await second.start("s2");
            CHECK((co_await second.row("s2")).reservation == 1);
            // What is left of it stands in nobody's way: its session can be deleted, or get another desk.
            co_await async::deadline(5s, "ending what is lost", second.fleet.stop("s1", nullptr));
            co_await second.close();
        }
        host.removal_failure.reset();
        House third{executor, dir.path(), host};
        co_await third.fleet.recover();
        CHECK((co_await third.row("s1")).is_removed);
        CHECK(host.machines.size() == 1);
        co_await host.close();
        co_await third.close();
    });
}
