// What becomes of the desks that an earlier server left.
#include <doctest/doctest.h>

#include "async/deadline.hpp"
#include "core/error.hpp"
#include "tests/unit/fleet/house.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using fakes::FakeHost;
using fleet::House;
using fleet::lines;
using fleet::on_a_host;
using store::DeskState;
using store::Transaction;

namespace {

/// A server that starts one desk, and goes.
Task<> leave_a_desk(async::Executor executor, const std::string& directory, FakeHost& host) {
    House first{executor, directory, host};
    co_await first.start("s1");
    co_await first.close();
}

/// A server that waits for nobody, and is soon told that a desk is hung.
fleet::FleetOptions impatient() {
    return {.patience = {.hello = 10s, .ready = 10s, .before_serving = 0ms, .hung = 1ms}};
}

}  // namespace

TEST_CASE("desks outlive the server, and the next one takes over exactly those that are ours") {
    on_a_host([](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        std::map<std::string, std::string> desks;
        {
            House first{executor, directory, host};
            for (const auto* id : {"well", "gone", "other_nonce", "other_identity", "other_boot", "ended"}) {
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
        fakes::FakeDriver stranger{executor, host};
        co_await stranger.start({.id = "desk_odd", .nonce = "x"});

        House second{executor, directory, host};
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
                                                {"other_boot", "earlier boot"}}) {
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
        co_await second.close();
    });
}

TEST_CASE("a desk whose removal fails at start keeps its reservation until a later start removes it") {
    on_a_host([](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        {
            House first{executor, directory, host};
            co_await first.start("s1");
            co_await first.close();
        }
        host.only().hello_nonce = "guessed";
        host.removal_failure = core::Error{core::Code::internal, "a mount is busy"};
        {
            House second{executor, directory, host};
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
        House third{executor, directory, host};
        co_await third.fleet.recover();
        CHECK((co_await third.row("s1")).is_removed);
        CHECK(host.machines.size() == 1);
        co_await third.close();
    });
}

TEST_CASE("a desk that does not answer at the start is kept, told as hung, and well when it answers") {
    on_a_host([](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        co_await leave_a_desk(executor, directory, host);
        host.only().set_hung(true);
        House second{executor, directory, host, impatient()};
        co_await second.fleet.recover();
        CHECK_FALSE(second.fleet.find_endpoint("s1"));
        REQUIRE(second.fleet.find_desk("s1"));
        CHECK(second.fleet.find_desk("s1")->state == DeskState::starting);
        while (second.fleet.find_desk("s1")->code.empty()) co_await async::yield_turn();
        auto row = co_await second.row("s1");
        CHECK(row.state == DeskState::starting);
        CHECK(row.code == "desk_hung");
        CHECK(row.reason.find("has not answered") != std::string::npos);
        CHECK(host.machines.size() == 1);

        host.only().set_hung(false);
        while (!second.fleet.find_endpoint("s1")) co_await async::yield_turn();
        CHECK(second.fleet.find_desk("s1")->code.empty());
        row = co_await second.row("s1");
        CHECK(row.state == DeskState::ready);
        CHECK(row.code.empty());
        CHECK(co_await second.log("s1") ==
              lines({"desk starting", "desk ready", "desk starting", "desk starting", "desk ready"}));
        // It is watched as any other.
        host.only().end({"killed", "somebody killed it"});
        co_await second.wait_for("s1", "desk failed");
        co_await second.wait_until_gone("s1");
        co_await second.close();
    });
}

TEST_CASE("a desk that is ours is asked again, whatever keeps it from answering") {
    struct Case {
        std::string name;
        std::function<void(FakeHost&)> spoil;
        std::function<void(FakeHost&)> mend;
    };
    const std::vector<Case> cases{
        {"it is not ready", [](FakeHost& h) { h.only().ready_problem = "openbox is gone"; },
         [](FakeHost& h) { h.only().ready_problem.clear(); }},
        {"the driver is short of something",
         [](FakeHost& h) {
             h.on_adopt = [] { throw core::Error{core::Code::exhausted, "too many files are open"}; };
         },
         [](FakeHost& h) { h.on_adopt = nullptr; }},
        {"what is thrown is no error of ours",
         [](FakeHost& h) { h.on_adopt = [] { throw std::runtime_error{"odd"}; }; },
         [](FakeHost& h) { h.on_adopt = nullptr; }},
    };
    for (const auto& test : cases) {
        CAPTURE(test.name);
        on_a_host([&](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
            co_await leave_a_desk(executor, directory, host);
            test.spoil(host);
            House second{executor, directory, host, impatient()};
            co_await second.fleet.recover();
            while (second.fleet.find_desk("s1") && second.fleet.find_desk("s1")->code.empty())
                co_await async::yield_turn();
            CHECK(host.machines.size() == 1);
            test.mend(host);
            co_await async::deadline(10s, "the desk", [](House& house) -> Task<> {
                while (!house.fleet.find_endpoint("s1")) co_await async::yield_turn();
            }(second));
            CHECK((co_await second.row("s1")).state == DeskState::ready);
            co_await second.close();
        });
    }
}

TEST_CASE("a desk that does not answer can be ended, and may end by itself") {
    for (const bool by_itself : {false, true}) {
        CAPTURE(by_itself);
        on_a_host([&](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
            co_await leave_a_desk(executor, directory, host);
            host.only().set_hung(true);
            House second{executor, directory, host, impatient()};
            co_await second.fleet.recover();
            if (by_itself)
                host.only().end({"killed", "somebody killed it"});
            else
                co_await async::deadline(10s, "its end", second.fleet.stop("s1", nullptr));
            co_await second.wait_until_gone("s1");
            CHECK(host.machines.empty());
            co_await second.wait_for("s1", by_itself ? "desk failed" : "desk stopped");
            co_await second.fleet.start({.session_id = "s1", .principal = "local"}, nullptr);
            CHECK((co_await second.row("s1")).reservation == 0);
            co_await second.close();
        });
    }
}

TEST_CASE("an identity of another desk is proof, also when nobody answers") {
    on_a_host([](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        co_await leave_a_desk(executor, directory, host);
        host.only().set_hung(true);
        host.only().identity_nonce = "guessed";
        House second{executor, directory, host};
        co_await second.fleet.recover();
        CHECK(host.machines.empty());
        CHECK((co_await second.row("s1")).state == DeskState::lost);
        co_await second.close();
    });
}
