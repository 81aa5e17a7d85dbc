#include "agent/loop.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "agent/history.hpp"
#include "async/gate.hpp"
#include "async/scope.hpp"
#include "tests/unit/agent/loop_stage.hpp"

using namespace carrel;
using namespace carrel::agent;
using fakes::run_loop;
using Status = TurnEnd::Status;

TEST_CASE("a turn of two answers: the call is made, its result is asked about, the end is told") {
    Stage stage;
    stage.model.add(answer_of({text("looking"), call("toolu_1", "screenshot")}, "tool_use"));
    stage.model.add(answer_of({text("done")}));
    CHECK(stage.play().status == Status::completed);
    REQUIRE(stage.transcript.stored.size() == 4);
    CHECK(stage.transcript.stored[1] ==
          assistant_message(std::vector{text("looking"), call("toolu_1", "screenshot")}));
    CHECK(has(stage.transcript.stored[2], R"("tool_use_id":"toolu_1","toolset_name":"computer")"));
    CHECK(stage.model.questions[1] ==
          std::vector(stage.transcript.stored.begin(), stage.transcript.stored.begin() + 3));
    CHECK(stage.sink.lines == std::vector<std::string>{"usage 0 0", "tool_use toolu_1 screenshot {}",
                                                       "tool_result toolu_1 (picture)", "usage 0 0"});
}

TEST_CASE("after a computer call that fails, later ones are not made, other tools are") {
    Stage stage;
    stage.desk.answer("terminal/execute", R"({"output":"ran","exit_code":1})");
    stage.model.add(answer_of({call("toolu_1", "left_click", R"({"coordinate":[1,1]})"),
                               call("toolu_2", "left_click", R"({"coordinate":[9999,1]})"),
                               call("toolu_3", "type", R"({"text":"a"})"),
                               call("toolu_4", "bash", R"({"command":"x"})"), call("toolu_5", "screenshot")},
                              "tool_use"));
    stage.model.add(answer_of({call("toolu_6", "type", R"({"text":"b"})")}, "tool_use"));
    stage.model.add(answer_of({text("done")}));
    CHECK(stage.play().status == Status::completed);
    CHECK(stage.desk.calls.size() == 3);
    CHECK(has(stage.desk.calls[1], "terminal/execute"));
    CHECK(has(stage.desk.calls[2], R"("text":"b")"));
    const auto& results = stage.transcript.stored[2];
    for (const auto* id : {"toolu_3", "toolu_5"})
        CHECK(has(
            results,
            fmt::format(
                R"("tool_use_id":"{}","toolset_name":"computer","is_error":true,"content":[{{"type":"text","text":"{}"}}])",
                id, not_executed)));
    CHECK(has(results, R"("tool_use_id":"toolu_4","content":)"));
    CHECK(has(stage.sink.lines.at(6), "tool_result toolu_3 error: Not executed"));
}

TEST_CASE("every way in which an answer can end the turn has its word") {
    for (const auto& [reason, code] : std::vector<std::pair<std::string, std::string>>{
             {"end_turn", ""},
             {"stop_sequence", ""},
             {"refusal", "refusal"},
             {"max_tokens", "max_tokens"},
             {"model_context_window_exceeded", "context_window_exceeded"}}) {
        Stage stage;
        stage.model.add(answer_of({text("x")}, reason));
        const auto end = stage.play();
        CHECK(end.code == code);
        CHECK(end.status == (code.empty() ? Status::completed : Status::failed));
        // What was refused does not stay: every later message would be refused with it.
        CHECK(stage.transcript.stored.size() == (reason == "refusal" ? 0 : 2));
    }
}

TEST_CASE("a paused turn is sent back unchanged, and a lost tool call is told to the model") {
    Stage stage;
    stage.model.add(answer_of({text("searching")}, "pause_turn"));
    auto cut = answer_of({text("I will")}, "max_tokens");
    cut.lost_tool_use = true;
    stage.model.add(cut);
    stage.model.add(answer_of({text("done")}));
    CHECK(stage.play().status == Status::completed);
    CHECK(stage.model.questions[1].back() == assistant_message(std::vector{text("searching")}));
    CHECK(has(stage.model.questions[2].back(), "was cut at the limit"));
}

TEST_CASE("a model that never ends is ended") {
    Stage endless;
    for (int i = 0; i < 3; ++i)
        endless.model.add(answer_of({call(fmt::format("toolu_{}", i), "screenshot")}, "tool_use"));
    CHECK(endless.play("go", {.answers = 3}).code == "too_many_steps");
    CHECK(unanswered_calls(endless.last()).empty());
}

TEST_CASE("what the model's vendor refuses ends the turn with its reason, and the session goes on") {
    Stage stage;
    stage.model.replies.push_back([](Question, Progress&) -> Task<Answer> {
        throw core::Error{core::Code::unauthorized, "the key is wrong", "authentication_error"};
        co_return Answer{};
    });
    auto end = stage.play();
    CHECK(end.code == "authentication_error");
    CHECK(end.message == "the key is wrong");
    stage.model.add(answer_of({text("hello")}));
    CHECK(stage.play("again").status == Status::completed);
    CHECK(person_text(stage.transcript.stored[1]) == "again");
    CHECK(has(stage.transcript.stored[1], interrupted_turn));
}

TEST_CASE("tool calls that a crash left unanswered are answered before anything is asked") {
    Stage stage;
    stage.transcript.stored = {
        user_message("hi", false),
        assistant_message(std::vector{call("toolu_1", "bash"), call("toolu_2", "screenshot")})};
    stage.model.add(answer_of({text("hello")}));
    CHECK(stage.play("and now?").status == Status::completed);
    REQUIRE(stage.transcript.stored.size() == 5);
    CHECK(has(stage.transcript.stored[2], interrupted_call));
    CHECK(has(stage.transcript.stored[2],
              R"("tool_use_id":"toolu_2","toolset_name":"computer","is_error":true)"));
    CHECK(has(stage.transcript.stored[3], interrupted_turn));
}

namespace {

/// Runs a turn, cancels it once `is_time` says so, and gives its end.
template <class IsTime>
TurnEnd cancelled_turn(Stage& stage, IsTime is_time) {
    TurnEnd end;
    run_loop([&](async::Executor executor) -> Task<> {
        async::Job job{executor, "turn", [](Stage& s, TurnEnd& e) -> Task<> {
                           e = co_await s.turn();
                           // The caller can still do its own work after a cancelled turn.
                           co_await async::yield_turn();
                           s.sink.lines.push_back("ended");
                       }(stage, end)};
        while (!is_time()) co_await async::yield_turn();
        co_await job.close();
    });
    return end;
}

}  // namespace

TEST_CASE("a cancel while a tool runs answers it and all after it as interrupted") {
    Stage stage;
    std::optional<async::Gate> gate;
    stage.desk.replies["keyboard/type"] = [&](json::Object) -> Task<json::Value> {
        gate.emplace(co_await boost::asio::this_coro::executor);
        co_await gate->wait();
        co_return nullptr;
    };
    stage.model.add(answer_of({call("toolu_1", "screenshot"), call("toolu_2", "type", R"({"text":"a"})"),
                               call("toolu_3", "screenshot")},
                              "tool_use"));
    CHECK(cancelled_turn(stage, [&] { return gate.has_value(); }).status == Status::cancelled);
    REQUIRE(stage.transcript.stored.size() == 3);
    CHECK(unanswered_calls(stage.last()).empty());
    CHECK(survey(stage.transcript.stored).pictures == 1);
    CHECK(has(stage.last(), R"("tool_use_id":"toolu_3")"));
    CHECK(stage.sink.lines.back() == "ended");
    CHECK(stage.sink.lines[stage.sink.lines.size() - 2] ==
          "tool_result toolu_2 error: " + std::string{interrupted_call});
}

TEST_CASE("a cancel while the model answers keeps nothing of that answer") {
    Stage stage;
    std::optional<async::Gate> gate;
    stage.model.replies.push_back([&](Question, Progress& progress) -> Task<Answer> {
        progress.text("I beg");
        gate.emplace(co_await boost::asio::this_coro::executor);
        co_await gate->wait();
        co_return Answer{};
    });
    CHECK(cancelled_turn(stage, [&] { return gate.has_value(); }).status == Status::cancelled);
    CHECK(stage.transcript.stored.size() == 1);
    CHECK(stage.sink.lines == std::vector<std::string>{"text I beg", "ended"});
}

TEST_CASE("a failure is an end: cancelled, told with its reason, or only said to be ours") {
    const auto end = [](const auto& thrown) { return end_of(std::make_exception_ptr(thrown)); };
    const boost::system::system_error cancelled{boost::asio::error::operation_aborted};
    CHECK(end(cancelled).status == Status::cancelled);
    const auto refused = end(core::Error{core::Code::exhausted, "the disk is full", "disk_full"});
    CHECK(refused.status == Status::failed);
    CHECK(refused.code == "disk_full");
    CHECK(refused.message == "the disk is full");
    const auto ours = end(std::out_of_range{"vector::at"});
    CHECK(ours.status == Status::failed);
    CHECK(ours.code == "internal");
    CHECK(ours.message == "The turn failed inside of Carrel; the server's log says more");
}

TEST_CASE("a cancel at the end of a call that ran leaves its result in the log, once, and in the history") {
    Stage stage;
    bool has_run = false;
    stage.model.add(
        answer_of({call("toolu_1", "type", R"({"text":"a"})"), call("toolu_2", "screenshot")}, "tool_use"));
    run_loop([&](async::Executor executor) -> Task<> {
        TurnEnd end;
        std::optional<async::Job> job;
        stage.desk.replies["keyboard/type"] = [&](json::Object) -> Task<json::Value> {
            has_run = true;
            job->cancel();  // heard where the call is already over
            co_return *json::parse(R"({"success":true})");
        };
        job.emplace(executor, "turn",
                    [](Stage& s, TurnEnd& e) -> Task<> { e = co_await s.turn(); }(stage, end));
        while (job->is_running()) co_await async::yield_turn();
        co_await job->close();
        CHECK(end.status == Status::cancelled);
    });
    CHECK(has_run);
    CHECK(unanswered_calls(stage.last()).empty());
    const auto results = [&](std::string_view id) {
        return std::ranges::count_if(stage.sink.lines, [&](const auto& line) {
            return line.starts_with(fmt::format("tool_result {}", id));
        });
    };
    CHECK(results("toolu_1") == 1);
    CHECK(results("toolu_2") == 0);
    CHECK(has(stage.last(), R"("tool_use_id":"toolu_2")"));
}
