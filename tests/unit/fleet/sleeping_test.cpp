// Desks that sleep: without processes, reservation and place, with their files.
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
using fleet::on_a_host;
using store::DeskState;
using store::Transaction;

namespace {

bool always() { return true; }

/// Runs `task`; what it throws is in `failures`.
Task<> note_failure(Task<> task, std::vector<core::Error>& failures) {
    try {
        co_await std::move(task);
    } catch (const core::Error& error) {
        failures.push_back(error);
    }
}

Task<> wake_all(House& house, int count, std::vector<core::Error>& failures) {
    std::vector<Task<>> wakes;
    for (int i = 0; i < count; ++i) wakes.push_back(note_failure(house.fleet.wake("s1"), failures));
    co_await async::all("wake", std::move(wakes));
}

/// A server that has put a desk to sleep, and goes.
Task<> leave_one_asleep(async::Executor executor, const std::string& directory, FakeHost& host) {
    House first{executor, directory, host};
    co_await first.start("s1");
    co_await first.fleet.sleep("s1", always);
    co_await first.close();
}

Task<> set_state(House& house, DeskState state, std::string code, bool is_removed) {
    co_await house.store.run([=](Transaction& t) {
        auto desk = t.find_session("s1")->desk;
        if (!is_removed) t.set_desk_anew(desk);
        t.set_desk_state(desk.id, state, code, "");
    });
}

}  // namespace

TEST_CASE("a desk that sleeps holds nothing but its files, and however many wake it, it is made once") {
    in_a_house([](House& house) -> Task<> {
        const auto first = (co_await house.start("s1")).desk;
        co_await house.fleet.sleep("s1", always);
        CHECK(house.host.machines.empty());
        CHECK(house.host.asleep == std::set{first.id});
        CHECK_FALSE(house.fleet.find_endpoint("s1"));
        CHECK(house.fleet.is_well("s1"));
        CHECK(house.fleet.size() == 0);
        CHECK(house.fleet.places().held() == 0);
        auto row = co_await house.row("s1");
        CHECK(row.state == DeskState::asleep);
        CHECK(row.is_removed);
        // What it had is free for another.
        CHECK((co_await house.start("s2")).desk.reservation == first.reservation);

        std::vector<core::Error> failures;
        co_await wake_all(house, 10, failures);
        CHECK(failures.empty());
        CHECK(house.fleet.find_endpoint("s1"));
        CHECK(house.host.machines.size() == 2);
        CHECK(house.host.asleep.empty());
        CHECK(house.fleet.places().held() == 2);
        co_await house.store.run([](Transaction&) {});
        row = co_await house.row("s1");
        CHECK(row.id == first.id);
        CHECK(row.state == DeskState::ready);
        CHECK(row.code == fleet::after_sleep);
        CHECK_FALSE(row.is_removed);
        CHECK(row.nonce != first.nonce);
        CHECK(row.reservation != first.reservation);
        CHECK(house.fleet.find_desk("s1")->code == fleet::after_sleep);
        CHECK(co_await house.log("s1") ==
              lines({"desk starting", "desk ready", "desk asleep", "desk starting", "desk ready"}));
        // Its end by itself is seen as before.
        house.host.machines.at(first.id)->end({"killed", "somebody killed it"});
        co_await house.wait_for("s1", "desk failed");
    });
}

TEST_CASE("a desk does not go to sleep when it is used at the last moment, rests, or is not there") {
    in_a_house([](House& house) -> Task<> {
        CHECK((co_await fakes::error_of(house.fleet.sleep("s1", always))).reason() == "desk_not_ready");
        co_await house.start("s1");
        co_await house.fleet.sleep("s1", [] { return false; });
        CHECK(house.fleet.find_endpoint("s1"));
        co_await house.fleet.freeze("s1", DeskState::paused, nullptr);
        co_await house.fleet.sleep("s1", always);
        CHECK(house.fleet.find_desk("s1")->state == DeskState::paused);
        co_await house.fleet.wake("s1");
        co_await house.fleet.sleep("s1", always);
        CHECK((co_await fakes::error_of(house.fleet.freeze("s1", DeskState::paused, nullptr))).reason() ==
              "desk_asleep");
        CHECK(house.host.asleep.size() == 1);
    });
}

TEST_CASE("the end of a session whose desk sleeps forgets the files, also while it wakes") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        co_await house.fleet.sleep("s1", always);
        co_await house.fleet.stop("s1", nullptr);
        CHECK(house.host.asleep.empty());
        CHECK_FALSE(house.fleet.find_desk("s1"));
        // Nothing was freed that belongs to somebody else by now.
        const auto one = (co_await house.start("s2")).desk.reservation;
        CHECK((co_await house.start("s3")).desk.reservation != one);

        co_await house.fleet.sleep("s2", always);
        std::vector<Task<>> both;
        both.push_back(house.fleet.wake("s2"));
        both.push_back(house.fleet.stop("s2", nullptr));
        co_await async::all("both", std::move(both));
        CHECK(house.host.asleep.empty());
        CHECK(house.host.machines.size() == 1);
    });
}

TEST_CASE("when no desk may be made it sleeps on, and all who waited are told") {
    fleet::FleetOptions options;
    options.of_all.desks = 1;
    in_a_house(
        [](House& house) -> Task<> {
            co_await house.start("s1");
            co_await house.fleet.sleep("s1", always);
            co_await house.start("s2");
            std::vector<core::Error> failures;
            co_await wake_all(house, 3, failures);
            REQUIRE(failures.size() == 3);
            for (const auto& failure : failures) {
                CHECK(failure.code() == core::Code::exhausted);
                CHECK(failure.reason() == "no_free_desk");
            }
            CHECK(house.host.asleep.size() == 1);
            co_await house.fleet.stop("s2", nullptr);
            co_await house.fleet.wake("s1");
            CHECK(house.fleet.find_endpoint("s1"));
        },
        options);
}

TEST_CASE("a desk that cannot be made anew, or is not well then, sleeps on and can be woken later") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        co_await house.fleet.sleep("s1", always);
        house.host.start_failure = core::Error{core::Code::internal, "no loop device"};
        auto error = co_await fakes::error_of(house.fleet.wake("s1"));
        CHECK(error.code() == core::Code::unavailable);
        CHECK(error.reason() == fleet::cannot_wake);
        CHECK(error.message().contains("no loop device"));
        CHECK(house.fleet.find_desk("s1")->code == fleet::cannot_wake);
        CHECK(house.fleet.places().held() == 0);
        house.host.start_failure.reset();

        house.host.on_start = [](fakes::FakeMachine& machine) { machine.ready_problem = "no display"; };
        error = co_await fakes::error_of(house.fleet.wake("s1"));
        CHECK(error.message().contains("no display"));
        CHECK(house.host.machines.empty());
        CHECK(house.host.asleep.size() == 1);
        co_await house.store.run([](Transaction&) {});
        const auto row = co_await house.row("s1");
        CHECK(row.state == DeskState::asleep);
        CHECK(row.is_removed);
        house.host.on_start = nullptr;

        co_await house.fleet.wake("s1");
        CHECK(house.fleet.find_endpoint("s1"));
        CHECK(co_await house.log("s1") ==
              lines({"desk starting", "desk ready", "desk asleep", "desk starting", "desk asleep",
                     "desk starting", "desk asleep", "desk starting", "desk ready"}));
    });
}

TEST_CASE("a sleep that fails half way is finished by whoever wakes the desk; lost files are told") {
    in_a_house([](House& house) -> Task<> {
        co_await house.start("s1");
        house.host.sleep_failure = core::Error{core::Code::timeout, "it does not end"};
        CHECK((co_await fakes::error_of(house.fleet.sleep("s1", always))).message() == "it does not end");
        CHECK(house.fleet.find_desk("s1")->state == DeskState::asleep);
        CHECK(house.fleet.places().held() == 1);
        CHECK((co_await fakes::error_of(house.fleet.wake("s1"))).code() == core::Code::timeout);
        house.host.sleep_failure.reset();
        co_await house.fleet.wake("s1");
        CHECK(house.fleet.find_endpoint("s1"));
        CHECK(house.fleet.places().held() == 1);

        co_await house.fleet.sleep("s1", always);
        house.host.asleep.clear();
        CHECK((co_await fakes::error_of(house.fleet.wake("s1"))).reason() == "desk_lost");
        co_await house.wait_for("s1", "desk lost");
        CHECK_FALSE(house.fleet.find_desk("s1"));
    });
}

TEST_CASE("a workspace is free while its desk sleeps, and in the way of its waking when it is taken") {
    in_a_house([](House& house) -> Task<> {
        const auto start = [&](std::string session) {
            return house.fleet.start(
                {.session_id = session,
                 .principal = "local",
                 .shape = {.width = 1024, .height = 768, .workspace = "notes"},
                 .place = {},
                 .beginning = {}},
                [session](Transaction& t) { t.insert_session(House::session_row(session)); });
        };
        co_await start("s1");
        co_await house.fleet.sleep("s1", always);
        co_await start("s2");
        const auto error = co_await fakes::error_of(house.fleet.wake("s1"));
        CHECK(error.code() == core::Code::conflict);
        CHECK(error.reason() == "workspace_in_use");
        co_await house.fleet.stop("s2", nullptr);
        co_await house.fleet.wake("s1");
        CHECK(house.host.only().spec.workspace->name == "notes");
    });
}

TEST_CASE("the next server finds desks asleep, and forgets files of nobody") {
    on_a_host([](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        co_await leave_one_asleep(executor, directory, host);
        host.asleep.insert("desk_0123456789ab");
        House house{executor, directory, host};
        co_await house.fleet.recover();
        CHECK(host.asleep.size() == 1);
        CHECK_FALSE(host.asleep.contains("desk_0123456789ab"));
        CHECK(house.fleet.find_desk("s1")->state == DeskState::asleep);
        CHECK(house.fleet.size() == 0);
        co_await house.fleet.wake("s1");
        CHECK(house.fleet.find_endpoint("s1"));
        co_await house.close();
    });
}

TEST_CASE("a server that is cut while a desk goes to sleep or wakes leaves one that sleeps") {
    struct Cut {
        DeskState state;
        std::string code;
        bool lives;
    };
    for (const auto& cut : {Cut{DeskState::asleep, "asleep", true}, Cut{DeskState::asleep, "asleep", false},
                            Cut{DeskState::starting, std::string{fleet::after_sleep}, true},
                            Cut{DeskState::starting, std::string{fleet::after_sleep}, false}}) {
        CAPTURE(static_cast<int>(cut.state));
        CAPTURE(cut.lives);
        on_a_host([&](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
            co_await leave_one_asleep(executor, directory, host);
            {
                House between{executor, directory, host};
                co_await between.fleet.recover();
                if (cut.lives) co_await between.fleet.wake("s1");
                co_await between.store.run([](Transaction&) {});
                co_await set_state(between, cut.state, cut.code, false);
                co_await between.close();
            }
            House house{executor, directory, host};
            co_await house.fleet.recover();
            CHECK(host.machines.empty());
            CHECK(host.asleep.size() == 1);
            CHECK(house.fleet.find_desk("s1")->state == DeskState::asleep);
            const auto row = co_await house.row("s1");
            CHECK(row.state == DeskState::asleep);
            CHECK(row.is_removed);
            co_await house.fleet.wake("s1");
            CHECK(house.fleet.find_endpoint("s1"));
            co_await house.close();
        });
    }
}

TEST_CASE("what the next server cannot do at once costs no files") {
    on_a_host([](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        co_await leave_one_asleep(executor, directory, host);
        {
            House between{executor, directory, host};
            co_await set_state(between, DeskState::asleep, "asleep", false);
            host.sleep_failure = core::Error{core::Code::conflict, "a cgroup still has processes"};
            co_await between.fleet.recover();
            CHECK(between.fleet.find_desk("s1")->state == DeskState::asleep);
            CHECK(host.asleep.size() == 1);
            host.sleep_failure.reset();
            co_await between.fleet.wake("s1");
            CHECK(between.fleet.find_endpoint("s1"));
            co_await between.close();
        }
    });
}

TEST_CASE("a desk whose files are gone while it slept is lost") {
    on_a_host([](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        co_await leave_one_asleep(executor, directory, host);
        host.asleep.clear();
        House house{executor, directory, host};
        co_await house.fleet.recover();
        CHECK_FALSE(house.fleet.find_desk("s1"));
        co_await house.store.run([](Transaction&) {});
        CHECK((co_await house.row("s1")).state == DeskState::lost);
        co_await house.close();
    });
}
