#include "session/conversation.hpp"

#include <doctest/doctest.h>

#include "core/id.hpp"

using namespace carrel;

namespace {

std::vector<store::Event> events(std::initializer_list<std::pair<std::string, std::string>> list) {
    std::vector<store::Event> result;
    for (const auto& [name, data] : list)
        result.push_back({static_cast<std::int64_t>(result.size()) + 1, name, data});
    return result;
}

}  // namespace

TEST_CASE("a log reads as the conversation that it was") {
    const auto log = events({
        {"desk", R"({"state":"ready"})"},
        {"user_message", R"({"message_id":"msg_00000000000a","content":"Look","timestamp":"T1"})"},
        {"message_start", R"({"message_id":"msg_00000000000a","timestamp":"T1"})"},
        {"thinking", R"({"content":"I ","timestamp":"T2"})"},
        {"thinking", R"({"content":"look","timestamp":"T3"})"},
        {"text", R"({"content":"Wait","timestamp":"T4"})"},
        {"usage", R"({"input_tokens":1})"},
        {"tool_use", R"({"tool":"screenshot","input":{"a":1},"tool_use_id":"t1","timestamp":"T5"})"},
        {"status", R"({"message":"the window manager was started again","code":"window_manager_restarted"})"},
        {"tool_result", R"({"tool_use_id":"t1","output":"","screenshot":"/p","timestamp":"T6"})"},
        {"tool_use", R"({"tool":"bash","input":{},"tool_use_id":"t2","timestamp":"T7"})"},
        {"tool_result", R"({"tool_use_id":"t2","output":"","error":"no","timestamp":"T8"})"},
        {"text", R"({"content":"Done","timestamp":"T9"})"},
        {"message_complete", R"({"message_id":"msg_00000000000a","status":"completed"})"},
    });
    const auto messages = session::read_conversation(log);
    REQUIRE(messages.size() == 6);
    CHECK(messages[0].id == "msg_00000000000a");
    CHECK(messages[0].role == "user");
    CHECK(messages[0].content == json::Value("Look"));
    CHECK(messages[1].role == "assistant");
    CHECK(messages[1].timestamp == "T2");
    CHECK(json::to_text(messages[1].content) ==
          R"([{"type":"thinking","thinking":"I look"},{"type":"text","text":"Wait"},)"
          R"({"type":"tool_use","id":"t1","name":"screenshot","input":{"a":1}}])");
    CHECK(messages[2].role == "user");
    CHECK(messages[2].tool_use_id == "t1");
    CHECK(
        json::to_text(messages[2].content) ==
        R"([{"type":"tool_result","tool_use_id":"t1","content":[{"type":"image","source":{"type":"url","url":"/p"}}]}])");
    CHECK(
        json::to_text(messages[4].content) ==
        R"([{"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"no"}],"is_error":true}])");
    CHECK(json::to_text(messages[5].content) == R"([{"type":"text","text":"Done"}])");
    for (std::size_t i = 0; i < messages.size(); ++i) {
        CHECK(core::is_id("msg_", messages[i].id));
        for (std::size_t j = 0; j < i; ++j) CHECK(messages[i].id != messages[j].id);
        CHECK(messages[i].id == session::read_conversation(log)[i].id);
    }
}

TEST_CASE("what an answer said before it was asked for again is void") {
    const auto messages = session::read_conversation(events({
        {"user_message", R"({"message_id":"msg_00000000000a","content":"x"})"},
        {"message_start", "{}"},
        {"text", R"({"content":"Half an ans"})"},
        {"status", R"({"message":"the model is overloaded","retry_after":2})"},
        {"text", R"({"content":"A whole answer"})"},
    }));
    REQUIRE(messages.size() == 2);
    CHECK(json::to_text(messages[1].content) == R"([{"type":"text","text":"A whole answer"}])");
}

TEST_CASE("lines that are not as expected break nothing") {
    CHECK(session::read_conversation(events({{"text", "not JSON"},
                                             {"text", "[]"},
                                             {"tool_result", "{}"},
                                             {"status", "{}"},
                                             {"user_message", "{}"},
                                             {"unknown", "{}"}}))
              .size() <= 4);
}

TEST_CASE("calls without a result are found in the last turn only") {
    const auto log = events({
        {"message_start", "{}"},
        {"tool_use", R"({"tool_use_id":"old"})"},
        {"message_start", "{}"},
        {"tool_use", R"({"tool_use_id":"a"})"},
        {"tool_result", R"({"tool_use_id":"a"})"},
        {"tool_use", R"({"tool_use_id":"b"})"},
        {"tool_use", R"({"tool_use_id":"c"})"},
    });
    CHECK(session::find_unanswered_calls(log) == std::vector<std::string>{"b", "c"});
    CHECK(session::find_unanswered_calls({}).empty());
}
