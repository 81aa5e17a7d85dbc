// The session service with everything below it, on fake desks and a model that a test plays.
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "async/run_on.hpp"
#include "core/error.hpp"
#include "session/service.hpp"
#include "tests/fakes/fake_driver.hpp"
#include "tests/fakes/manual_clock.hpp"
#include "tests/fakes/reason_of.hpp"
#include "tests/fakes/run_loop.hpp"
#include "tests/fakes/temp_dir.hpp"

namespace carrel::tests {

using namespace std::chrono_literals;
using async::Task;

/// What the model does when it is asked.
using Play = std::function<Task<agent::Answer>(agent::Question, agent::Progress&)>;

class PlayedModel final : public agent::Model {
public:
    explicit PlayedModel(const Play& play) : play_{play} {}
    Task<agent::Answer> answer(agent::Question question, agent::Progress& progress) override {
        co_return co_await play_(question, progress);
    }
    agent::Size picture_size(agent::Size screen) const override { return screen; }
    std::size_t most_pictures() const override { return 100; }
    std::size_t most_history_bytes() const override { return 32'000'000; }

private:
    const Play& play_;
};

inline agent::Answer text_answer(std::string_view text) {
    return {.blocks = {{"text", json::to_text(json::Object{{"type", "text"}, {"text", text}})}},
            .stop_reason = "end_turn",
            .usage = {.input_tokens = 3, .output_tokens = 2}};
}

inline agent::Answer call_answer(std::string_view id, std::string_view name, json::Object input) {
    return {
        .blocks = {{"tool_use", json::to_text(json::Object{
                                    {"type", "tool_use"}, {"id", id}, {"name", name}, {"input", input}})}},
        .stop_reason = "tool_use",
        .usage = {}};
}

struct House {
    House(async::Executor executor, const std::string& directory, fakes::FakeHost& host_,
          std::int64_t most_pages = 0)
        : host{host_},
          store{executor, {directory, most_pages}},
          driver{executor, host},
          fleet{executor, driver, store, clock, {.of_all = {.desks = 3}}},
          models{providers(), "played"},
          service{executor, pool, store, fleet, clock, models, {.new_desk = {.width = 1024, .height = 768}}} {
    }

    std::vector<session::Provider> providers() {
        return {{.vendor = {.name = "played"}, .default_model = "player", .make = maker()},
                {.vendor = {.name = "keyed", .needs_key = true}, .default_model = "k1", .make = maker()}};
    }
    std::function<std::unique_ptr<agent::Model>(const std::string&, const session::Key&)> maker() {
        return [this](const std::string& model, const session::Key& key) -> std::unique_ptr<agent::Model> {
            if (model == "unknown") throw core::Error{core::Code::invalid, "there is no model unknown"};
            last_key = key;
            return std::make_unique<PlayedModel>(play);
        };
    }

    Task<std::string> create(session::Wish wish = {}) {
        const auto created = co_await service.create(ops::local_principal(), std::move(wish));
        co_return created.session.row.id;
    }
    /// The session's log as "name code-or-state-or-content" lines.
    Task<std::vector<std::string>> log(std::string id) {
        std::vector<std::string> lines;
        for (const auto& event : co_await service.events_after(ops::local_principal(), id, 0, 10'000))
            lines.push_back(describe(event.name, event.data));
        co_return lines;
    }
    static std::string describe(const std::string& name, const std::string& text) {
        const auto data = json::parse(text).value();
        for (const auto* field : {"status", "state", "code", "content", "tool", "output", "message"})
            if (const auto* value = json::find(data, field); value && value->is_string())
                return name + " " + std::string{value->get_string()};
        return name;
    }
    /// Waits until the log of the session has an event of that description.
    Task<> wait_for(std::string id, std::string line) {
        auto follower = co_await service.follow(ops::local_principal(), id, 0);
        while (const auto event = co_await follower.next_for(10s))
            if (describe(event->name, event->data) == line) co_return;
        FAIL("never in the log: " << line);
    }
    Task<> wait_until_idle() {
        while (service.busy_count() > 0) co_await async::yield_turn();
    }
    template <class T>
    Task<core::Error> failure_of(Task<T> task) {
        return fakes::error_of(std::move(task));
    }
    Task<> close() {
        co_await service.shutdown();
        co_await fleet.close();
        co_await store.close();
    }

    fakes::FakeHost& host;
    Play play = [](agent::Question, agent::Progress& progress) -> Task<agent::Answer> {
        progress.text("Hello.");
        co_return text_answer("Hello.");
    };
    session::Key last_key;
    async::Pool pool{1};
    fakes::ManualClock clock;
    store::Store store;
    fakes::FakeDriver driver;
    fleet::Fleet fleet;
    session::Models models;
    session::SessionService service;
};

/// Adds events of that size until the disk is full.
inline Task<> fill(House& house, std::string session, std::size_t size) {
    const auto data = json::to_text(json::Object{{"c", std::string(size, 'x')}});
    try {
        while (true)
            co_await house.store.run([=](store::Transaction& t) { t.append_event(session, "text", data); });
    } catch (const core::Error& error) {
        CHECK(error.reason() == "disk_full");
    }
}

/// The head of a PNG of 1024×768.
inline constexpr std::string_view tiny_png{"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\4\0\0\0\3\0\x08\2\0\0\0", 29};

/// Runs `test` with a house in a directory of its own; whatever it leaves on the fake host is removed.
template <class Test>
void in_a_house(Test test, std::int64_t most_pages = 0) {
    fakes::TempDir dir;
    fakes::FakeHost host{dir.path()};
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        House house{executor, dir.path(), host, most_pages};
        co_await house.service.start();
        std::exception_ptr failure;
        try {
            co_await test(house);
        } catch (...) {
            failure = std::current_exception();
        }
        co_await house.close();
        co_await host.close();
        if (failure) std::rethrow_exception(failure);
    });
}

}  // namespace carrel::tests
