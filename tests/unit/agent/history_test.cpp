#include "agent/history.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using namespace carrel::agent;

namespace {

const std::string call_raw =
    R"({"type":"tool_use","id":"toolu_1","name":"left_click","toolset_name":"computer","input":{"coordinate":[3.0,4]}})";

std::vector<Block> blocks() {
    return {{"text", R"({"type":"text","text":"so"})"},
            {"tool_use", call_raw},
            {"tool_use", R"({"type":"tool_use","id":"toolu_2","name":"bash","input":{}})"}};
}

}  // namespace

TEST_CASE("a person's message keeps its text, and says when the turn before was cut") {
    CHECK(user_message("say \"hi\"\n", false) ==
          R"({"role":"user","content":[{"type":"text","text":"say \"hi\"\n"}]})");
    const auto after = user_message("go on", true);
    CHECK(
        after ==
        R"x({"role":"user","content":[{"type":"text","text":"(user stopped or interrupted and wrote the following)"},{"type":"text","text":"go on"}]})x");
    CHECK(person_text(after) == "go on");
    CHECK(ends_without_answer(after));
    CHECK_FALSE(ends_without_answer(""));
}

TEST_CASE("an answer stands in the history in exactly the bytes that came") {
    const auto message = assistant_message(blocks());
    CHECK(message.find(call_raw) != message.npos);
    CHECK(json::parse(message));
    CHECK_FALSE(ends_without_answer(message));
    CHECK_FALSE(person_text(message));
}

TEST_CASE("results repeat the id and the toolset of their call, and errors carry only text") {
    const Picture picture{"\x89PNG", "image/png", {2, 1}};
    const std::vector<Answered> answered{
        {{"toolu_1", "screenshot", "computer", {}}, {"", picture, false}},
        {{"toolu_2", "bash", "", {}}, {"no", {}, true}},
    };
    const auto message = results_message(answered);
    CHECK(
        message ==
        R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","toolset_name":"computer","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw=="}}]},{"type":"tool_result","tool_use_id":"toolu_2","is_error":true,"content":[{"type":"text","text":"no"}]}]})");
    const auto found = survey({{message, user_message(R"({"type":"image","source":)", false)}});
    CHECK(found.pictures == 1);
    CHECK(found.bytes > message.size());
    CHECK(found.call_ids == std::set<std::string>{"toolu_1", "toolu_2"});
    CHECK_FALSE(person_text(message));
}

TEST_CASE("calls without results are found at the end of the history only") {
    const auto answer = assistant_message(blocks());
    const auto calls = unanswered_calls(answer);
    REQUIRE(calls.size() == 2);
    CHECK(calls[0].id == "toolu_1");
    CHECK(calls[0].toolset == "computer");
    CHECK(calls[1].name == "bash");
    CHECK(unanswered_calls(user_message("hi", false)).empty());
    CHECK(unanswered_calls("").empty());
    CHECK(unanswered_calls(R"({"role":"assistant","content":"torn)").empty());
}

TEST_CASE("a tool call without id, name or input object is none") {
    for (const auto* raw : {"{}", R"({"id":"a","name":"b"})", R"({"id":"a","name":"b","input":[]})",
                            R"({"id":"","name":"b","input":{}})", "nonsense"})
        CHECK_FALSE_MESSAGE(parse_tool_use(raw), raw);
}
