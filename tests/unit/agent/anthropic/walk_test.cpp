// A random walk over a model that answers anything, with crashes and cancels at any place: after every step
// the session's next turn works. The loop and the decoder are the real ones; the vendor's rules are tests'
// own.
#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <random>

#include "agent/anthropic/messages_api.hpp"
#include "agent/history.hpp"
#include "agent/loop.hpp"
#include "async/gate.hpp"
#include "async/scope.hpp"
#include "tests/fakes/fake_agent.hpp"
#include "tests/fakes/run_loop.hpp"
#include "tests/unit/agent/anthropic/vendor.hpp"

using namespace carrel;
using namespace carrel::agent;
using namespace carrel::agent::anthropic;
using tests::Dice;
using tests::Vendor;
using Status = TurnEnd::Status;

namespace {

/// A turn costs milliseconds where nothing is optimised and all is checked: there fewer are walked each time,
/// always other ones.
#if __has_feature(address_sanitizer)
constexpr int usual_turns = 2'500;
#else
constexpr int usual_turns = 10'000;
#endif

std::uint64_t number_in(const char* name, std::uint64_t otherwise) {
    const auto* told = std::getenv(name);
    return told ? std::strtoull(told, nullptr, 10) : otherwise;
}

/// What a session keeps, with a blow that strikes between any two of its writes.
struct Disk {
    std::vector<std::string> messages;
    KnownResults results;                     ///< of the last turn's log
    std::map<std::string, int> calls_in_log;  ///< of this turn: results less calls, 0 when all is told
    std::size_t writes = 0;
    std::size_t crash_at = std::size_t(-1);  ///< no write from this one on is stored
    std::size_t cancel_at = std::size_t(-1);
    std::function<void()> cancel;

    bool is_dead() const { return writes > crash_at; }
    void begin_turn(std::size_t crash, std::size_t cancel_write) {
        writes = 0;
        crash_at = crash;
        cancel_at = cancel_write;
        results.clear();
        calls_in_log.clear();
    }
    /// Counts a write; throws when the server is dead.
    void write() {
        if (++writes == cancel_at && cancel) cancel();
        if (is_dead()) throw core::Error{core::Code::internal, "the server has crashed"};
    }
};

class WalkTranscript final : public Transcript {
public:
    explicit WalkTranscript(Disk& disk) : disk_{disk}, read_{disk.messages} {}
    const std::vector<std::string>& messages() const override { return read_; }
    Task<> append(std::string raw) override {
        disk_.write();
        disk_.messages.push_back(raw);
        read_ = disk_.messages;
        co_await async::yield_turn();
    }
    Task<> rewrite(std::size_t keep, std::vector<std::string> rest) override {
        disk_.write();
        disk_.messages.resize(keep);
        disk_.messages.insert(disk_.messages.end(), rest.begin(), rest.end());
        read_ = disk_.messages;
        co_await async::yield_turn();
    }

private:
    Disk& disk_;
    std::vector<std::string> read_;
};

class WalkSink final : public Sink {
public:
    explicit WalkSink(Disk& disk) : disk_{disk} {}
    void text(std::string_view) override {}
    void thinking(std::string_view) override {}
    void status(std::string_view, std::optional<double>) override {}
    Task<> tool_use(std::string, json::Object, std::string id) override {
        disk_.write();
        --disk_.calls_in_log[id];
        return async::yield_turn();
    }
    Task<> tool_result(std::string id, const ToolResult& result) override {
        disk_.write();
        ++disk_.calls_in_log[id];
        disk_.results[id] = result;
        return async::yield_turn();
    }
    Task<> usage(Usage) override { co_return; }

private:
    Disk& disk_;
};

struct Session {
    Session(Dice& dice, async::Pool& pool_)
        : vendor{dice},
          pool{pool_},
          model{
              make_model({.model = "claude-haiku-5-5", .key = "k", .base_url = "http://h", .first_pause = {}},
                         vendor, pool)} {
        desk.answer("terminal/execute", R"({"output":"ok"})");
    }

    Task<TurnEnd> play(std::string_view text) {
        // As the server does at its start, and with a person's message.
        const auto last = [&] { return disk.messages.empty() ? std::string{} : disk.messages.back(); };
        if (auto healing = healing_message(last(), disk.results))
            disk.messages.push_back(std::move(*healing));
        disk.messages.push_back(user_message(text, ends_without_answer(last())));
        const auto executor = co_await boost::asio::this_coro::executor;
        async::Gate over{executor};
        std::optional<TurnEnd> end;
        async::Job job{executor, "turn", run(over, end)};
        disk.cancel = [&] { job.cancel(); };
        while (!end) co_await over.wait();
        disk.cancel = nullptr;
        co_await job.close();
        co_return *end;
    }
    Task<> run(async::Gate& over, std::optional<TurnEnd>& end) {
        WalkTranscript transcript{disk};
        WalkSink sink{disk};
        end = co_await run_turn(*model, desk, transcript, sink, pool,
                                {.screen = {1280, 800}, .system_suffix = {}, .limits = {.answers = 6}});
        over.notify_all();
    }

    Vendor vendor;
    async::Pool& pool;
    std::unique_ptr<Model> model;
    fakes::FakeDeskCalls desk;
    Disk disk;
};

/// A wild turn, then a kind one that must work. Answers what is wrong, or "".
Task<std::string> step(Session& session, Dice& dice) {
    constexpr std::size_t never(-1);
    const auto place = [&] { return 1 + dice.number(12); };
    auto& disk = session.disk;
    session.vendor.is_kind = false;
    disk.begin_turn(dice.chance(10) ? place() : never, dice.chance(15) ? place() : never);
    co_await session.play("wild");
    if (!session.vendor.faults.empty()) co_return "a wild turn's request: " + session.vendor.faults[0];
    if (!disk.is_dead()) {
        for (const auto& [id, balance] : disk.calls_in_log)
            if (balance != 0) co_return fmt::format("the log lacks, or doubles, the result of {}", id);
        if (!disk.messages.empty() && !unanswered_calls(disk.messages.back()).empty())
            co_return "a call is unanswered in the history";
    }
    session.vendor.is_kind = true;
    auto results = std::move(disk.results);
    disk.begin_turn(never, never);
    disk.results = std::move(results);
    const auto end = co_await session.play("kind");
    if (!session.vendor.faults.empty()) co_return "a kind turn's request: " + session.vendor.faults[0];
    if (end.status != Status::completed)
        co_return fmt::format("a kind turn ended with {}: {}", end.code, end.message);
    co_return "";
}

}  // namespace

TEST_CASE("over a model that answers anything, with crashes and cancels, the next turn always works") {
    const auto first_seed = number_in("CARREL_WALK_SEED", std::random_device{}());
    const auto wanted = number_in("CARREL_WALK_TURNS", usual_turns);
    std::size_t requests = 0;
    async::Pool pool{1};
    fakes::run_loop([&](async::Executor) -> Task<> {
        for (std::uint64_t turns = 0; turns < wanted;) {
            const auto seed = first_seed + turns;
            INFO("to walk this way again: CARREL_WALK_SEED=", seed);
            Dice dice{seed};
            Session session{dice, pool};
            const auto length = 1 + dice.number(12);
            for (std::size_t i = 0; i < length; ++i, turns += 2) {
                const auto fault = co_await step(session, dice);
                REQUIRE_MESSAGE(fault.empty(), fault);
            }
            requests += session.vendor.requests;
        }
    });
    CHECK(requests >= wanted / 2);
}
