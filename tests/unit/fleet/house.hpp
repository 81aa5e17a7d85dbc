// A server's part that has desks, on a host that may already have some.
#pragma once

#include <doctest/doctest.h>

#include <exception>
#include <future>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "fleet/fleet.hpp"
#include "tests/fakes/fake_driver.hpp"
#include "tests/fakes/manual_clock.hpp"
#include "tests/fakes/run_loop.hpp"
#include "tests/fakes/temp_dir.hpp"

namespace carrel::fleet {

struct House {
    House(async::Executor executor, const std::string& directory, fakes::FakeHost& host_,
          FleetOptions options = {})
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
    Task<Started> start(std::string session) {
        return fleet.start({.session_id = session,
                            .principal = "local",
                            .shape = {.width = 1024, .height = 768},
                            .place = {},
                            .beginning = {}},
                           [session](store::Transaction& t) { t.insert_session(session_row(session)); });
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
            co_await store.run([=](store::Transaction& t) { return t.find_session(session).value(); });
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
             co_await store.run([=](store::Transaction& t) { return t.events_after(session, 0, -1); }))
            lines.push_back(describe(event));
        co_return lines;
    }
    /// Waits until the session's log has that line.
    Task<store::Event> wait_for(std::string session, std::string line) {
        auto follower = co_await store.follow(session, 0);
        while (const auto event = co_await follower.next_for(std::chrono::seconds{10}))
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

    fakes::FakeHost& host;
    store::Store store;
    fakes::FakeDriver driver;
    fakes::ManualClock clock;
    Fleet fleet;
};

/// While it lives the store commits nothing more than it had been given before.
class HeldStore {
public:
    explicit HeldStore(store::Store& store) {
        store.post([held = held_.get_future().share()](store::Transaction&) { held.wait(); });
    }
    ~HeldStore() { let_go(); }
    HeldStore(const HeldStore&) = delete;
    HeldStore& operator=(const HeldStore&) = delete;
    void let_go() {
        if (!std::exchange(is_let_go_, true)) held_.set_value();
    }

private:
    std::promise<void> held_;
    bool is_let_go_ = false;
};

/// Runs `test` with a host of its own and a directory for the servers on it; whatever they leave on the host
/// is removed.
template <class Test>
void on_a_host(Test test) {
    fakes::TempDir dir;
    fakes::FakeHost host{dir.path()};
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        std::exception_ptr failure;
        try {
            co_await test(executor, dir.path(), host);
        } catch (...) {
            failure = std::current_exception();
        }
        co_await host.close();
        if (failure) std::rethrow_exception(failure);
    });
}

/// The same with one server.
template <class Test>
void in_a_house(Test test, const FleetOptions& options = {}) {
    on_a_host([&](async::Executor executor, std::string directory, fakes::FakeHost& host) -> Task<> {
        House house{executor, directory, host, options};
        std::exception_ptr failure;
        try {
            co_await test(house);
        } catch (...) {
            failure = std::current_exception();
        }
        co_await house.close();
        if (failure) std::rethrow_exception(failure);
    });
}

inline std::vector<std::string> lines(std::initializer_list<std::string> list) { return list; }

}  // namespace carrel::fleet
