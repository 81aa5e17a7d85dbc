#include "agent/anthropic/claude.hpp"

#include <doctest/doctest.h>

#include "agent/history.hpp"
#include "tests/fakes/fake_agent.hpp"
#include "tests/fakes/fake_transport.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace carrel::agent;
using namespace carrel::agent::anthropic;
using fakes::FakeEvents;
using fakes::run_loop;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> whole_answer{
    R"({"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":1}}})",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}})",
    R"({"type":"content_block_stop","index":0})",
    R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}})",
    R"({"type":"message_stop"})"};

FakeEvents refused(std::string reason, bool may_retry) {
    return {.refusal = Failure{{core::Code::exhausted, "no", std::move(reason)}, may_retry, 1ms}};
}

struct Asked {
    fakes::FakeTransport::Record record;
    fakes::FakeSink sink;
    std::optional<Answer> answer;
    std::string reason;

    explicit Asked(std::deque<FakeEvents> replies) {
        record.replies = std::move(replies);
        async::Pool pool{1};
        run_loop([&](async::Executor) -> Task<> {
            ClaudeModel claude{"claude-opus-5-5", std::make_unique<fakes::FakeTransport>(record), pool};
            const std::vector<std::string> history{user_message("hi", false)};
            try {
                answer = co_await claude.answer({"system", history}, sink);
            } catch (const core::Error& error) {
                reason = error.reason();
            }
        });
    }
};

}  // namespace

TEST_CASE("the same question and answer go over any transport, whose members begin the body") {
    const Asked asked{{{.events = whole_answer}}};
    REQUIRE(asked.answer);
    CHECK(asked.answer->blocks[0].raw == R"({"type":"text","text":"hello"})");
    CHECK(asked.answer->usage == Usage{3, 5, 0, 0});
    CHECK(asked.sink.lines == std::vector<std::string>{"text hello"});
    CHECK(asked.record.bodies.at(0).starts_with(R"({"version":"fake-1","max_tokens":32000,)"));
    CHECK(asked.record.bodies.at(0).ends_with(R"("text":"hi"}]}]})"));
}

TEST_CASE("the transport says whether a refusal is worth another try, and after how long") {
    const Asked passing{{refused("rate_limit_error", true), {.events = whole_answer}}};
    CHECK(passing.answer);
    CHECK(passing.record.bodies.size() == 2);
    CHECK(passing.record.bodies[0] == passing.record.bodies[1]);
    CHECK(passing.sink.lines[0] == "status no. Asking again in 0.0 s (attempt 2 of 5) (wait)");
    const Asked lasting{{refused("billing_error", false)}};
    CHECK(lasting.reason == "billing_error");
    CHECK(lasting.record.bodies.size() == 1);
}

TEST_CASE("a way that breaks is tried again, one that cannot be taken is not") {
    const core::Error broken{core::Code::unavailable, "the connection broke off", "connection_error"};
    const Asked again{{{.events = {whole_answer[0]}, .broken = broken}, {.events = whole_answer}}};
    CHECK(again.answer);
    CHECK(again.record.bodies.size() == 2);
    const Asked never{{{.unreachable = core::Error{core::Code::invalid, "no such way", "invalid"}}}};
    CHECK(never.reason == "invalid");
    CHECK(never.record.bodies.size() == 1);
}

TEST_CASE("what breaks after a whole answer does not matter") {
    const core::Error broken{core::Code::unavailable, "the connection broke off", "connection_error"};
    const Asked asked{{{.events = whole_answer, .broken = broken}}};
    CHECK(asked.answer);
    CHECK(asked.record.bodies.size() == 1);
}
