#include "agent/anthropic/stream.hpp"

#include <doctest/doctest.h>

#include "tests/fakes/fake_agent.hpp"

using namespace carrel;
using namespace carrel::agent;
using namespace carrel::agent::anthropic;

namespace {

/// Feeds events; the last line of the result is the fault, if any.
struct Fed {
    fakes::FakeSink sink;
    AnswerBuilder builder{sink};
    std::optional<StreamFault> fault;

    explicit Fed(std::initializer_list<std::string> events) {
        for (const auto& data : events)
            if (!fault) fault = builder.take(data);
    }
};

const std::string start =
    R"({"type":"message_start","message":{"id":"m","usage":{"input_tokens":10,"cache_read_input_tokens":7,"cache_creation_input_tokens":null,"output_tokens":1}}})";
const std::string stop = R"({"type":"message_stop"})";

std::string ending(std::string_view reason) {
    return fmt::format(
        R"({{"type":"message_delta","delta":{{"stop_reason":"{}"}},"usage":{{"output_tokens":42}}}})",
        reason);
}
std::string block_start(int index, std::string_view block) {
    return fmt::format(R"({{"type":"content_block_start","index":{},"content_block":{}}})", index, block);
}
std::string delta(int index, std::string_view delta) {
    return fmt::format(R"({{"type":"content_block_delta","index":{},"delta":{}}})", index, delta);
}
std::string block_stop(int index) {
    return fmt::format(R"({{"type":"content_block_stop","index":{}}})", index);
}

const auto* const text_start = R"({"type":"text","text":""})";
const auto* const call_start =
    R"({"type":"tool_use","id":"toolu_1","name":"key","toolset_name":"computer","input":{},"caller":{"type":"direct"}})";

}  // namespace

TEST_CASE("an answer is put together from its pieces, and shown while it comes") {
    Fed fed{start,
            R"({"type":"ping"})",
            block_start(0, R"({"type":"thinking","thinking":"","signature":""})"),
            delta(0, R"({"type":"thinking_delta","thinking":"hm"})"),
            delta(0, R"({"type":"signature_delta","signature":"c2ln"})"),
            block_stop(0),
            block_start(1, text_start),
            delta(1, R"({"type":"text_delta","text":"Hel"})"),
            delta(1, R"({"type":"unheard_of_delta","x":1})"),
            delta(1, R"({"type":"text_delta","text":"lo é"})"),
            block_stop(1),
            R"({"type":"unheard_of"})",
            block_start(2, call_start),
            delta(2, R"({"type":"input_json_delta","partial_json":""})"),
            delta(2, R"({"type":"input_json_delta","partial_json":"{\"text\": \"a\","})"),
            delta(2, R"({"type":"input_json_delta","partial_json":" \"repeat\":2.0}"})"),
            block_stop(2),
            block_start(3, R"({"type":"tool_use","id":"toolu_2","name":"screenshot","input":{}})"),
            block_stop(3),
            ending("tool_use"),
            stop};
    CHECK_FALSE(fed.fault);
    const auto answer = fed.builder.finish();
    REQUIRE(answer);
    REQUIRE(answer->blocks.size() == 4);
    CHECK(answer->blocks[0].raw == R"({"type":"thinking","thinking":"hm","signature":"c2ln"})");
    CHECK(answer->blocks[1].raw == R"({"type":"text","text":"Hello é"})");
    CHECK(
        answer->blocks[2].raw ==
        R"({"type":"tool_use","id":"toolu_1","name":"key","toolset_name":"computer","input":{"text": "a", "repeat":2.0},"caller":{"type":"direct"}})");
    CHECK(answer->blocks[3].raw == R"({"type":"tool_use","id":"toolu_2","name":"screenshot","input":{}})");
    CHECK(answer->stop_reason == "tool_use");
    CHECK(answer->usage == Usage{10, 42, 7, 0});
    CHECK(fed.sink.lines == std::vector<std::string>{"thinking hm", "text Hel", "text lo é"});
}

TEST_CASE("a tool call that is cut at the token limit is dropped, and said to be") {
    Fed fed{start,
            block_start(0, text_start),
            delta(0, R"({"type":"text_delta","text":"I press"})"),
            block_stop(0),
            block_start(1, call_start),
            delta(1, R"({"type":"input_json_delta","partial_json":"{\"te"})"),
            ending("max_tokens"),
            stop};
    const auto answer = fed.builder.finish();
    REQUIRE(answer);
    CHECK(answer->blocks.size() == 1);
    CHECK(answer->lost_tool_use);
}

TEST_CASE("a stream that cannot be an answer says why") {
    struct Case {
        std::initializer_list<std::string> events;
        std::string_view type;
    };
    for (const auto& [events, type] : {
             Case{{start, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"},
                  "overloaded_error"},
             {{start, "not json"}, "bad_stream"},
             {{start, start}, "bad_stream"},
             {{block_start(0, text_start)}, "bad_stream"},
             {{start, block_start(0, text_start), block_start(0, text_start)}, "bad_stream"},
             {{start, delta(0, "{}")}, "bad_stream"},
             {{start, block_start(0, text_start), block_stop(0), delta(0, "{}")}, "bad_stream"},
             {{start, block_stop(3)}, "bad_stream"},
         }) {
        Fed fed{events};
        REQUIRE(fed.fault);
        CHECK(fed.fault->type == type);
    }
    for (Fed fed : {Fed{start, ending("end_turn")}, Fed{}})
        CHECK(fed.builder.finish().error().type == "bad_stream");
}

TEST_CASE("an input that no strict reader takes is the problem of its call, not of the answer") {
    for (const auto& [input, problem] : std::vector<std::pair<std::string, std::string>>{
             {R"({\"text\":\"\\ud800\"})", "its input is not JSON"},
             {R"({\"a\":1,\"a\":2})", "its input is the name \"a\" stands twice in one object"},
             {R"([1])", "its input is not a JSON object"},
             {R"({\"text\":)", "its input is not JSON"}}) {
        Fed fed{start,
                block_start(0, call_start),
                delta(0, fmt::format(R"({{"type":"input_json_delta","partial_json":"{}"}})", input)),
                block_stop(0),
                block_start(1, R"({"type":"tool_use","id":"toolu_2","name":"screenshot","input":{}})"),
                ending("tool_use"),
                stop};
        const auto answer = fed.builder.finish();
        REQUIRE(answer);
        REQUIRE(answer->blocks.size() == 2);
        CHECK(answer->blocks[0].problem.starts_with(problem));
        CHECK(answer->blocks[0].raw.find(R"("input":{})") != std::string::npos);
        CHECK(answer->blocks[1].problem == "it was cut off");
    }
}

TEST_CASE("halves of characters in an event become replacement characters") {
    Fed fed{start,
            block_start(0, text_start),
            delta(0, R"({"type":"text_delta","text":"a\ud800b\udc00c\ud83d\ude42d\\ud800"})"),
            delta(0, "{\"type\":\"text_delta\",\"text\":\"e\xff\"}"),
            block_stop(0),
            ending("end_turn"),
            stop};
    CHECK_FALSE(fed.fault);
    const auto answer = fed.builder.finish();
    REQUIRE(answer);
    CHECK(answer->blocks[0].raw == "{\"type\":\"text\",\"text\":\"a\ufffdb\ufffdc🙂d\\\\ud800e\ufffd\"}");
}

TEST_CASE("an answer without end is given up, and not asked for again") {
    fakes::FakeSink sink;
    AnswerBuilder builder{sink};
    CHECK_FALSE(builder.take(start));
    std::optional<StreamFault> fault;
    const auto ping = fmt::format(R"({{"type":"ping","rest":"{}"}})", std::string(1 << 20, 'x'));
    for (int i = 0; i < 40 && !fault; ++i) fault = builder.take(ping);
    REQUIRE(fault);
    CHECK(fault->type == "answer_too_large");
}
