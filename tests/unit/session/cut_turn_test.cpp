// Turns that a crash, a cancel or a full disk cuts: what the log and the history keep of them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <latch>

#include "agent/history.hpp"
#include "session/turn_events.hpp"
#include "tests/unit/session/house.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using core::Code;
using tests::House;
using tests::in_a_house;
using tests::tiny_png;

namespace {

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a turn that a crash cut is ended cleanly at the next start, and the next message works") {
    fakes::TempDir dir;
    fakes::FakeHost host{dir.path()};
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        std::string id;
        {
            House first{executor, dir.path(), host};
            co_await first.service.start();
            id = co_await first.create();
            co_await first.close();
        }
        {
            // What a server leaves that is killed while a tool works.
            store::Store store{executor, {dir.path()}};
            co_await store.run([id](store::Transaction& t) {
                t.set_turn(id, "msg_000000000001", {});
                t.append_event(id, "user_message", session::user_message_data("msg_000000000001", "go", {}));
                t.append_event(id, "message_start", session::message_start_data("msg_000000000001", {}));
                t.append_event(id, "tool_use", R"({"tool":"bash","input":{},"tool_use_id":"toolu_1"})");
                t.append_message(id, agent::user_message("go", false));
                t.append_message(id, R"({"role":"assistant","content":[{"type":"tool_use","id":"toolu_1",)"
                                     R"("name":"bash","input":{"command":"ls"}}]})");
            });
            co_await store.close();
        }
        House second{executor, dir.path(), host};
        co_await second.service.start();
        const auto log = co_await second.log(id);
        REQUIRE(log.size() > 4);
        CHECK(Lines(log.end() - 4, log.end()) ==
              Lines{"tool_use bash", "tool_result ", "error interrupted", "message_complete interrupted"});
        CHECK_FALSE((co_await second.service.get(ops::local_principal(), id)).is_busy);
        second.play = [](agent::Question question, agent::Progress&) -> Task<agent::Answer> {
            CHECK(agent::unanswered_calls(question.messages.back()).empty());
            co_return tests::text_answer("Back again.");
        };
        co_await second.service.send_message(ops::local_principal(), id, "go on");
        co_await second.wait_for(id, "message_complete completed");
        co_await second.close();
        co_await host.close();
    });
}

TEST_CASE("calls that ran before a crash keep their results in the history, pictures too") {
    fakes::TempDir dir;
    fakes::FakeHost host{dir.path()};
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        std::string id;
        {
            House first{executor, dir.path(), host};
            co_await first.service.start();
            id = co_await first.create();
            co_await first.close();
        }
        {
            store::Store store{executor, {dir.path()}};
            co_await store.run([id](store::Transaction& t) {
                t.set_turn(id, "msg_000000000001", {});
                t.append_event(id, "message_start", session::message_start_data("msg_000000000001", {}));
                const auto path =
                    "/api/v1/sessions/" + id + "/blobs/" + t.put_blob(id, tiny_png, "image/png");
                t.append_event(id, "tool_use", R"({"tool":"bash","input":{},"tool_use_id":"toolu_1"})");
                t.append_event(id, "tool_result",
                               R"({"tool_use_id":"toolu_1","output":"two files are gone"})");
                t.append_event(id, "tool_use", R"({"tool":"screenshot","input":{},"tool_use_id":"toolu_2"})");
                t.append_event(id, "tool_result",
                               R"({"tool_use_id":"toolu_2","output":"","screenshot":")" + path + R"("})");
                t.append_event(id, "tool_use", R"({"tool":"bash","input":{},"tool_use_id":"toolu_3"})");
                t.append_message(id, agent::user_message("go", false));
                std::vector<agent::Block> calls;
                for (const auto* call : {"toolu_1", "toolu_2", "toolu_3"})
                    calls.push_back(
                        {"tool_use",
                         fmt::format(R"({{"type":"tool_use","id":"{}","name":"bash","input":{{}}}})", call)});
                t.append_message(id, agent::assistant_message(calls));
            });
            co_await store.close();
        }
        House second{executor, dir.path(), host};
        co_await second.service.start();
        const auto history =
            co_await second.store.run([id](store::Transaction& t) { return t.messages(id); });
        REQUIRE(history.size() == 3);
        CHECK(history[2].find(
                  R"("tool_use_id":"toolu_1","content":[{"type":"text","text":"two files are gone"}])") !=
              std::string::npos);
        CHECK(agent::survey(history).pictures == 1);
        CHECK(history[2].find(R"("tool_use_id":"toolu_3","is_error":true)") != std::string::npos);
        const auto log = co_await second.log(id);
        CHECK(std::ranges::count_if(log, [](const auto& line) { return line.starts_with("tool_result"); }) ==
              3);
        co_await second.close();
        co_await host.close();
    });
}

TEST_CASE("a message that is cancelled at once is in the history as it is in the log") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        // The turn gets no further than to its first look at the history.
        std::latch cancelled{1};
        boost::asio::post(house.pool, [&] { cancelled.wait(); });
        co_await house.service.send_message(ops::local_principal(), id, "remember the milk");
        async::Job job{co_await boost::asio::this_coro::executor, "cancel",
                       [](House& h, std::string session) -> Task<> {
                           co_await h.service.cancel(ops::local_principal(), session);
                       }(house, id)};
        for (int i = 0; i < 3; ++i) co_await house.store.run([](store::Transaction&) {});
        cancelled.count_down();
        co_await house.wait_for(id, "message_complete cancelled");
        const auto history = co_await house.store.run([id](store::Transaction& t) { return t.messages(id); });
        REQUIRE(history.size() == 1);
        CHECK(history[0] == agent::user_message("remember the milk", false));
        co_await job.close();
    });
}

TEST_CASE("a message of nothing but white space is refused, and the session stays as it was") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        for (const auto* blank : {" ", "\n\t", "\u00a0\u3000", "\f\v"}) {
            const auto error =
                co_await house.failure_of(house.service.send_message(ops::local_principal(), id, blank));
            CHECK(error.code() == Code::invalid);
            CHECK(error.reason() == "empty_message");
        }
        CHECK((co_await house.log(id)).back() == "desk ready");
        CHECK_FALSE((co_await house.service.get(ops::local_principal(), id)).is_busy);
    });
}

TEST_CASE("a cut turn that nobody could end is ended by the next message") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        co_await house.store.run([id](store::Transaction& t) {
            t.set_turn(id, "msg_000000000001", {});
            t.append_event(id, "user_message", session::user_message_data("msg_000000000001", "go", {}));
            t.append_event(id, "message_start", session::message_start_data("msg_000000000001", {}));
            t.append_event(id, "tool_use", R"({"tool":"bash","input":{},"tool_use_id":"toolu_1"})");
        });
        co_await house.service.send_message(ops::local_principal(), id, "Say hello");
        co_await house.wait_for(id, "message_complete completed");
        const auto log = co_await house.log(id);
        const auto end = std::ranges::find(log, "message_complete interrupted");
        REQUIRE(end != log.end());
        CHECK(*(end - 1) == "error interrupted");
        CHECK(*(end + 1) == "user_message Say hello");
    });
}

TEST_CASE("a cut turn whose end does not fit on the disk at the start is ended when there is room") {
    constexpr std::int64_t few_pages = 200;
    fakes::TempDir dir;
    fakes::FakeHost host{dir.path()};
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        std::string id;
        std::string filler;
        {
            House first{executor, dir.path(), host, few_pages};
            co_await first.service.start();
            filler = co_await first.create();
            id = co_await first.create();
            co_await first.store.run([id](store::Transaction& t) {
                t.set_turn(id, "msg_000000000001", {});
                t.append_event(id, "message_start", session::message_start_data("msg_000000000001", {}));
            });
            for (const auto& session : {filler, id})
                for (std::size_t size = 32'768; size > 0; size /= 2) co_await fill(first, session, size);
            co_await first.close();
        }
        House second{executor, dir.path(), host, few_pages};
        co_await second.service.start();
        const auto last = [&]() -> Task<std::string> {
            co_return (co_await second.store.run([id](store::Transaction& t) {
                return t.events_after(id, t.last_event(id) - 1, -1);
            }))
                .back()
                .name;
        };
        CHECK(co_await last() != "message_complete");
        co_await second.store.run([=](store::Transaction& t) { t.purge_session(filler); });
        co_await second.wait_for(id, "message_complete interrupted");
        CHECK_FALSE((co_await second.service.get(ops::local_principal(), id)).row.turn);
        co_await second.close();
        co_await host.close();
    });
}
