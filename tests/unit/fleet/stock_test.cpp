// Warm desks.
#include <doctest/doctest.h>

#include "async/all.hpp"
#include "tests/fakes/reason_of.hpp"
#include "tests/unit/fleet/house.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using fakes::FakeHost;
using fleet::House;
using fleet::lines;
using store::DeskState;
using store::Transaction;

namespace {

fleet::FleetOptions pool_of(unsigned size, unsigned most = 12) {
    return {.pools = {{.bounds = {size, most}, .shape = {.width = 1024, .height = 768}}},
            .pool_interval = 50ms};
}

Task<> wait_for_ready(House& house, std::size_t count) {
    while (house.fleet.pools().front().ready != count) co_await async::pause(1ms);
}

/// With a pool that is kept.
template <class Test>
void with_a_pool(unsigned size, Test test) {
    fleet::in_a_house(
        [&](House& house) -> Task<> {
            co_await house.fleet.recover();
            co_await wait_for_ready(house, size);
            co_await test(house);
        },
        pool_of(size));
}

}  // namespace

TEST_CASE("a warm desk is frozen, of nobody, and becomes its first user's") {
    with_a_pool(1, [](House& house) -> Task<> {
        auto& machine = house.host.only();
        const auto id = machine.spec.id;
        CHECK(machine.is_frozen);
        CHECK(house.fleet.places().held() == 0);
        const auto rows = co_await house.store.run([](Transaction& t) { return t.desks_on_host(); });
        CHECK(rows.at(0).state == DeskState::warm);
        CHECK(rows.at(0).session_id.empty());

        const auto started = co_await house.start("s1");
        CHECK(started.was_warm);
        CHECK(started.desk.id == id);
        CHECK_FALSE(machine.is_frozen);
        CHECK(house.fleet.find_endpoint("s1"));
        CHECK(house.fleet.places().held_by("local") == 1);
        const auto row = co_await house.row("s1");
        CHECK(row.id == id);
        CHECK(row.state == DeskState::ready);
        CHECK(row.principal == "local");
        CHECK(co_await house.log("s1") == lines({"desk ready"}));

        // It is replaced, and never comes back itself.
        co_await wait_for_ready(house, 1);
        co_await house.fleet.stop("s1", nullptr);
        CHECK_FALSE(house.host.machines.contains(id));
        co_await wait_for_ready(house, 1);
        CHECK(house.host.machines.size() == 1);
    });
}

TEST_CASE("a warm desk gets the size of screen that its owner asked for") {
    with_a_pool(1, [](House& house) -> Task<> {
        std::string asked;
        house.host.only().operation = [&](net::Request& request) -> Task<net::Response> {
            asked = request.path + " " + co_await net::collect_body(request, 4096);
            co_return net::json_response(200, "{}");
        };
        const auto started =
            co_await house.fleet.start({.session_id = "s1",
                                        .principal = "local",
                                        .shape = {.width = 800, .height = 600},
                                        .place = {},
                                        .beginning = {}},
                                       [](Transaction& t) { t.insert_session(House::session_row("s1")); });
        CHECK(started.was_warm);
        CHECK(asked.find(R"("width":800,"height":600)") != std::string::npos);
        CHECK((co_await house.row("s1")).shape.width == 800);
    });
}

TEST_CASE("whoever is answered that a desk has begun has it also when the server is cut at once") {
    with_a_pool(1, [](House& house) -> Task<> {
        std::optional<fleet::HeldStore> held;
        const auto begin = [&](net::Request& request) -> Task<net::Response> {
            co_await net::collect_body(request, 4096);
            held.emplace(house.store);
            co_return net::json_response(200, "{}");
        };
        house.host.on_start = [&](auto& machine) {
            machine.operation = [&](net::Request& request) -> Task<net::Response> {
                if (request.path == "/begin") co_return co_await begin(request);
                co_return net::json_response(200, "{}");
            };
        };
        house.host.only().operation = begin;
        // The first one is warm, the second one, of another image, is not.
        for (const auto* image : {"", "python"}) {
            core::DeskShape shape{.width = 800, .height = 600};
            if (*image) shape.image = image;
            core::DeskBeginning beginning;
            beginning.time_zone = "Europe/Berlin";
            const std::string session = "s-of-" + shape.image;
            bool is_answered = false;
            async::Scope scope{co_await boost::asio::this_coro::executor};
            scope.start("start",
                        [](House& h, fleet::DeskWish wish, bool& answered) -> Task<> {
                            const auto id = wish.session_id;
                            co_await h.fleet.start(std::move(wish), [id](Transaction& t) {
                                t.insert_session(House::session_row(id));
                            });
                            answered = true;
                        }(house,
                                                                           {.session_id = session,
                                                                            .principal = "local",
                                                                            .shape = shape,
                                                                            .place = {},
                                                                            .beginning = beginning},
                                                                           is_answered));
            while (!held) co_await async::pause(1ms);
            for (int turn = 0; turn < 30 && !is_answered; ++turn) co_await async::pause(1ms);
            CHECK_FALSE(is_answered);
            held->let_go();
            while (!is_answered) co_await async::pause(1ms);
            CHECK((co_await house.row(session)).code.empty());
            held.reset();
        }
    });
}

TEST_CASE("of a warm desk that nobody had nothing is known when it has gone") {
    std::vector<std::string> forgotten;
    with_a_pool(2, [&](House& house) -> Task<> {
        house.fleet.watch_forgotten([&](std::string desk) { forgotten.push_back(std::move(desk)); });
        const auto had = co_await house.start("s1");
        co_await wait_for_ready(house, 2);
        std::string dead;
        for (const auto& [id, machine] : house.host.machines)
            if (id != had.desk.id) dead = id;
        house.host.machines.at(dead)->end({"killed", "somebody killed it"});
        while (forgotten.empty()) co_await async::pause(1ms);
        CHECK(forgotten == lines({dead}));
        CHECK_FALSE(co_await house.store.run([dead](Transaction& t) { return t.has_desk(dead); }));
        // What somebody had stays in his session's history.
        co_await house.fleet.stop("s1", nullptr);
        co_await house.store.run([](Transaction&) {});
        co_await async::pause(5ms);
        CHECK(forgotten.size() == 1);
        CHECK(co_await house.store.run([id = had.desk.id](Transaction& t) { return t.has_desk(id); }));
    });
}

TEST_CASE("a warm desk is changed into what its owner asks for") {
    with_a_pool(1, [](House& house) -> Task<> {
        core::DeskShape wanted{.network = core::Network::none, .width = 1024, .height = 768};
        wanted.limits.memory = 1 << 30;
        const auto started = co_await house.fleet.start(
            {.session_id = "s1", .principal = "local", .shape = wanted, .place = {}, .beginning = {}},
            [](Transaction& t) { t.insert_session(House::session_row("s1")); });
        CHECK(started.was_warm);
        const auto& machine = *house.host.machines.at(started.desk.id);
        CHECK(machine.changes == 1);
        CHECK(machine.spec.shape.network == core::Network::none);
        CHECK(machine.spec.shape.limits.memory == 1 << 30);
        CHECK(house.fleet.places().held() == 1);
    });
}

TEST_CASE("a warm desk that cannot be changed is ended, and a new one made") {
    with_a_pool(1, [](House& house) -> Task<> {
        const auto warm = house.host.only().spec.id;
        house.host.change_failure = core::Error{core::Code::conflict, "it holds more memory than that"};
        const auto started =
            co_await house.fleet.start({.session_id = "s1",
                                        .principal = "local",
                                        .shape = {.network = core::Network::none},
                                        .place = {},
                                        .beginning = {}},
                                       [](Transaction& t) { t.insert_session(House::session_row("s1")); });
        CHECK_FALSE(started.was_warm);
        CHECK_FALSE(house.host.machines.contains(warm));
    });
}

TEST_CASE("what the pool does not have is made at once") {
    with_a_pool(1, [](House& house) -> Task<> {
        const auto other =
            co_await house.fleet.start({.session_id = "s1",
                                        .principal = "local",
                                        .shape = {.image = "python"},
                                        .place = {},
                                        .beginning = {}},
                                       [](Transaction& t) { t.insert_session(House::session_row("s1")); });
        CHECK_FALSE(other.was_warm);
        CHECK((co_await house.start("s2")).was_warm);
    });
}

TEST_CASE("a workspace has one holder, unless all share it") {
    fleet::in_a_house([](House& house) -> Task<> {
        const auto start = [&](std::string session, std::string principal, bool shared) {
            core::DeskShape shape{.width = 1024, .height = 768};
            shape.workspace = "notes";
            shape.shares_workspace = shared;
            return house.fleet.start(
                {.session_id = session,
                 .principal = std::move(principal),
                 .shape = std::move(shape),
                 .place = {},
                 .beginning = {}},
                [session](Transaction& t) { t.insert_session(House::session_row(session)); });
        };
        co_await start("s1", "local", false);
        const auto refused = co_await fakes::error_of(start("s2", "local", true));
        CHECK(refused.reason() == "workspace_in_use");
        CHECK(refused.message().find("s1") != std::string::npos);
        co_await start("s3", "eve", false);
        co_await house.fleet.stop("s1", nullptr);
        co_await start("s4", "local", true);
        co_await start("s5", "local", true);
        CHECK((co_await fakes::error_of(start("s6", "local", false))).reason() == "workspace_in_use");
    });
}

TEST_CASE("many at once: as many as are warm get one each, the others a new one") {
    with_a_pool(2, [](House& house) -> Task<> {
        std::vector<std::string> got;
        int warm = 0;
        std::vector<Task<>> starts;
        for (const auto* id : {"s1", "s2", "s3", "s4"})
            starts.push_back(
                [](House& h, std::string s, std::vector<std::string>& ids, int& count) -> Task<> {
                    const auto started = co_await h.start(s);
                    ids.push_back(started.desk.id);
                    if (started.was_warm) ++count;
                }(house, id, got, warm));
        co_await async::all("start", std::move(starts));
        CHECK(warm == 2);
        CHECK(std::set<std::string>(got.begin(), got.end()).size() == 4);
        // Four were asked for in one burst.
        CHECK(house.fleet.pools().front().wanted == 4);
        co_await wait_for_ready(house, 4);
    });
}

TEST_CASE("a warm desk that died is not given away, and one that dies on the way is replaced by a new one") {
    with_a_pool(1, [](House& house) -> Task<> {
        const auto first = house.host.only().spec.id;
        house.host.only().end({"killed", "somebody killed it"});
        while (house.host.machines.contains(first)) co_await async::pause(1ms);
        co_await wait_for_ready(house, 1);

        const auto second = house.host.only().spec.id;
        house.host.thaw_failure = core::Error{core::Code::not_found, "there is no such desk"};
        const auto started = co_await house.start("s1");
        house.host.thaw_failure.reset();
        CHECK_FALSE(started.was_warm);
        CHECK(started.desk.id != second);
        CHECK_FALSE(house.host.machines.contains(second));
        CHECK((co_await house.row("s1")).id == started.desk.id);
        CHECK(co_await house.log("s1") ==
              lines({"desk ready", "desk failed", "desk starting", "desk ready"}));
    });
}

TEST_CASE("a desk of an older image is replaced, and never given away") {
    with_a_pool(1, [](House& house) -> Task<> {
        const auto old = house.host.only().spec.id;
        house.host.outdated.insert(old);
        CHECK_FALSE((co_await house.start("s1")).was_warm);
        while (house.host.machines.contains(old)) co_await async::pause(1ms);
    });
}

TEST_CASE("a pool that cannot be filled is tried again, and holds nobody up") {
    fleet::in_a_house(
        [](House& house) -> Task<> {
            house.host.start_failure = core::Error{core::Code::unavailable, "there is no image"};
            co_await house.fleet.recover();
            co_await async::pause(20ms);
            CHECK(house.fleet.pools().front().ready == 0);
            house.host.start_failure.reset();
            co_await wait_for_ready(house, 2);
        },
        pool_of(2));
}

TEST_CASE("the next server keeps warm desks that are still the newest, and frees those of a lost pool") {
    fleet::on_a_host([](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        std::string kept;
        {
            House house{executor, directory, host, pool_of(2)};
            co_await house.fleet.recover();
            co_await wait_for_ready(house, 2);
            co_await house.close();
            kept = host.machines.begin()->first;
            host.outdated.insert(host.machines.rbegin()->first);
        }
        {
            House house{executor, directory, host, pool_of(1)};
            co_await house.fleet.recover();
            CHECK(house.fleet.pools().front().ready == 1);
            CHECK(host.machines.size() == 1);
            CHECK((co_await house.start("s1")).desk.id == kept);
            co_await wait_for_ready(house, 1);
            co_await house.close();
        }
        House house{executor, directory, host};  // it has no pool
        co_await house.fleet.recover();
        CHECK(host.machines.size() == 1);
        CHECK(house.fleet.find_endpoint("s1"));
        co_await house.close();
    });
}

TEST_CASE("a warm desk that was being made when the server ended is removed by the next") {
    fleet::on_a_host([](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        {
            House house{executor, directory, host, pool_of(1)};
            host.on_start = [](auto& machine) { machine.set_hung(true); };
            co_await house.fleet.recover();
            while (host.machines.empty()) co_await async::pause(1ms);
            co_await house.close();
        }
        host.on_start = nullptr;
        House house{executor, directory, host};
        co_await house.fleet.recover();
        CHECK(host.machines.empty());
        co_await house.close();
    });
}

TEST_CASE("when all are ended, warm ones are too, and no new ones are made") {
    with_a_pool(2, [](House& house) -> Task<> {
        co_await house.start("s1");
        co_await house.fleet.end_all({"server_ended", "the server was ended"});
        CHECK((co_await house.row("s1")).code == "server_ended");
        co_await async::pause(60ms);
        CHECK(house.host.machines.empty());
    });
}

TEST_CASE("when all are ended, one that is just being made for a pool is, too") {
    fleet::in_a_house(
        [](House& house) -> Task<> {
            house.host.on_start = [](auto& machine) { machine.set_hung(true); };
            co_await house.fleet.recover();
            while (house.host.machines.empty()) co_await async::pause(1ms);
            co_await house.fleet.end_all({"server_ended", "the server was ended"});
            CHECK(house.host.machines.empty());
            CHECK(house.fleet.size() == 0);
        },
        pool_of(1));
}

TEST_CASE("a desk that was taken while others of its pool were ended is its owner's") {
    fleet::on_a_host([](async::Executor executor, std::string directory, FakeHost& host) -> Task<> {
        {
            House house{executor, directory, host, pool_of(3)};
            co_await house.fleet.recover();
            co_await wait_for_ready(house, 3);
            co_await house.close();
        }
        // The next server has another default: it ends them one after the other.
        auto other = pool_of(3);
        other.pools.front().shape.height = 700;
        House house{executor, directory, host, other};
        host.holds_removals = true;
        co_await house.fleet.recover();
        while (house.fleet.pools().front().ready == 3) co_await async::pause(1ms);
        const auto started = co_await house.start("s1");
        CHECK(started.was_warm);
        host.holds_removals = false;
        co_await wait_for_ready(house, 3);
        CHECK(host.machines.contains(started.desk.id));
        CHECK(house.fleet.find_endpoint("s1"));
        co_await house.close();
    });
}
