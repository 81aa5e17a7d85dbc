#include "agent/scripted/scripted.hpp"

#include <doctest/doctest.h>

#include "agent/computer.hpp"
#include "agent/history.hpp"
#include "agent/loop.hpp"
#include "agent/shell_tools.hpp"
#include "tests/fakes/fake_agent.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace carrel::agent;
using namespace carrel::agent::scripted;
using fakes::run_loop;

namespace {

struct Stage {
    ScriptedModel model;
    fakes::FakeDeskCalls desk;
    fakes::FakeSink sink;
    fakes::FakeTranscript transcript;
    async::Pool pool{1};

    Stage() {
        desk.answer("screen/cursor_position", R"({"x":1,"y":2})");
        desk.answer("terminal/execute", R"({"output":"ok","exit_code":0})");
    }
    TurnEnd play(std::string message) {
        TurnEnd end;
        run_loop([&](async::Executor) -> Task<> {
            transcript.begin(message);
            end = co_await run_turn(model, desk, transcript, sink, pool, {{1280, 800}, {}, {}});
        });
        return end;
    }
    /// What was said, joined.
    std::string said() const {
        std::string all;
        for (const auto& line : sink.lines)
            if (line.starts_with("text ")) all += line.substr(5);
        return all;
    }
    std::size_t count(std::string_view start) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(sink.lines, [&](const auto& line) { return line.starts_with(start); }));
    }
};

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("the tour runs to its end with every call succeeding, and can be played again") {
    Stage stage;
    for (int round = 1; round <= 2; ++round) {
        CHECK(stage.play(round == 1 ? "tour" : " Tour ").status == TurnEnd::Status::completed);
        CHECK(stage.count("tool_use") == stage.count("tool_result"));
        CHECK(survey(stage.transcript.stored).pictures == 4u * static_cast<std::size_t>(round));
    }
    for (const auto& line : stage.sink.lines) CHECK_FALSE(has(line, "error:"));
    CHECK(has(stage.said(), "That was the tour"));
    CHECK_FALSE(has(stage.said(), "Not every step"));
}

TEST_CASE("the tour uses only tools that exist") {
    for (const auto& answer : tour())
        for (const auto& call : answer.tool_uses)
            CHECK((is_computer_member(call.name) || call.name == bash_name || call.name == editor_name));
}

TEST_CASE("a list of answers is played in order, and failures are told at the end") {
    Stage stage;
    stage.play(
        R"([{"thinking":"hm","text":"one two","tool_uses":[{"name":"left_click","input":{"coordinate":[5,6]}},
                   {"name":"screenshot"}]},{"tool_uses":[{"name":"fly","input":{}}]}])");
    CHECK(has(stage.said(), "one two"));
    CHECK(stage.count("thinking hm") == 1);
    CHECK(stage.desk.calls.size() == 2);
    CHECK(has(stage.desk.calls[0], R"("coordinate":{"x":5,"y":6})"));
    CHECK(has(stage.said(), "2 answers played. Some calls failed"));
    CHECK(stage.count("tool_result") == 3);
    for (const auto& message : stage.transcript.stored) CHECK(json::parse(message));
}

TEST_CASE("a script that cannot be played is answered with what is wrong and where") {
    for (const auto& [message, part] : std::vector<std::pair<std::string, std::string>>{
             {"[", "not JSON"},
             {"[]", "a list of 1 to 200 answers"},
             {R"([{"txt":"a"}])", "0.txt is not accepted for this script"},
             {R"([{},{"tool_uses":[{"input":{}}]}])", "1.tool_uses.0.name is required"},
             {R"([{"tool_uses":[{"name":"key","input":[]}]}])",
              "0.tool_uses.0.input of this script must be an object"},
             {"what can you do?", "Send tour"}}) {
        Stage stage;
        CHECK(stage.play(message).status == TurnEnd::Status::completed);
        CHECK_MESSAGE(has(stage.said(), part), message);
        CHECK(has(stage.said(), "I am the scripted model"));
        CHECK(stage.desk.calls.empty());
    }
}

TEST_CASE("after an interruption the next message is understood all the same") {
    Stage stage;
    stage.transcript.stored = {user_message("tour", false)};
    stage.play(R"([{"text":"fresh"}])");
    CHECK(has(stage.said(), "fresh"));
    CHECK_FALSE(has(stage.said(), "Welcome"));
}
