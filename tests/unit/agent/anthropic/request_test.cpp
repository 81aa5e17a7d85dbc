#include "agent/anthropic/request.hpp"

#include <doctest/doctest.h>

#include "agent/history.hpp"

using namespace carrel::agent;
using namespace carrel::agent::anthropic;

TEST_CASE("each request begins with the bytes of the one before, and the history is never altered") {
    constexpr auto* envelope = R"("model":"claude-opus-5-5","stream":true,)";
    const auto traits = find_model("claude-opus-5-5").traits;
    std::vector<std::string> history{user_message("hello", false)};
    const auto first = request_body(envelope, traits, "be good", history);
    history.push_back(R"({"role":"assistant","content":[{"type":"text",  "text":"odd spacing"}]})");
    history.push_back(user_message("more", false));
    const auto second = request_body(envelope, traits, "be good", history);
    // But for the mark, where the first one ended.
    const auto mark = second.find(R"(,"cache_control":{"type":"ephemeral"}}]},{"role":"assistant")");
    REQUIRE(mark != second.npos);
    CHECK(second.substr(0, mark) == first.substr(0, first.size() - 5));
    CHECK(
        first ==
        R"({"model":"claude-opus-5-5","stream":true,"max_tokens":32000,"cache_control":{"type":"ephemeral"},"thinking":{"type":"adaptive"},"tools":[{"type":"computer_toolset_20260801"},{"type":"bash_20250124","name":"bash"},{"type":"text_editor_20250728","name":"str_replace_based_edit_tool"},{"name":"bash_answer","description":"Types on the terminal of the bash tool, for a command that waits for input there, such as a password or yes or no. The result of bash says when one does, and what it asks. Answers as bash does: with the end of the command, or with what it asks next. Only for a command that waits; anything else is a command of bash.","input_schema":{"type":"object","properties":{"text":{"type":"string","description":"What is typed. \\u0003 (Control-C) without Enter ends most programs."},"enter":{"type":"boolean","description":"Whether Enter is pressed after it; true when left out."}},"required":["text"],"additionalProperties":false}}],"system":[{"type":"text","text":"be good","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]})");
}

TEST_CASE("without a display no tool for screen and mouse is offered") {
    const auto traits = find_model("claude-opus-5-5").traits;
    const std::vector<std::string> history{user_message("hello", false)};
    const auto with = request_body("", traits, "be good", history, true);
    const auto without = request_body("", traits, "be good", history, false);
    const std::string toolset = R"({"type":"computer_toolset_20260801"},)";
    REQUIRE(with.find(toolset) != with.npos);
    CHECK(std::string{with}.erase(with.find(toolset), toolset.size()) == without);
    CHECK(carrel::json::parse(without));
}

TEST_CASE(
    "however many blocks an answer adds, a mark stands where the vendor's cache ends, of four at most") {
    const auto traits = find_model("claude-opus-5-5").traits;
    std::vector<std::string> history{user_message("hello", false)};
    std::vector<Block> calls;
    std::vector<Answered> results;
    for (int i = 0; i < 15; ++i) {
        const auto id = "toolu_" + std::to_string(i);
        calls.push_back({"tool_use", R"({"type":"tool_use","id":")" + id + R"(","name":"bash","input":{}})"});
        results.push_back({{id, "bash", "", {}}, {"ok", {}, false}});
    }
    for (int turn = 0; turn < 3; ++turn) {
        history.push_back(assistant_message(calls));
        history.push_back(results_message(results));
    }
    const auto body = request_body("", traits, "be good", history);
    std::size_t marks = 0;
    for (auto at = body.find("cache_control"); at != body.npos; at = body.find("cache_control", at + 1))
        ++marks;
    CHECK(marks == 3);
    // In the last block of the results before the last answer, 30 blocks before the end.
    const auto last_answer = body.rfind(R"({"role":"assistant")");
    CHECK(body.substr(0, last_answer).ends_with(R"("text":"ok"}],"cache_control":{"type":"ephemeral"}}]},)"));
    CHECK(carrel::json::parse(body));
}
