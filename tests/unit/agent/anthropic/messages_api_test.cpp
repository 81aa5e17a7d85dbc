#include "agent/anthropic/messages_api.hpp"

#include <doctest/doctest.h>

#include "agent/history.hpp"
#include "async/scope.hpp"
#include "net/sse.hpp"
#include "tests/fakes/fake_agent.hpp"
#include "tests/fakes/fake_http.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace carrel::agent;
using namespace carrel::agent::anthropic;
using fakes::FakeReply;
using fakes::run_loop;

namespace {

std::string event(std::string_view data) {
    const auto type = std::string{json::text_or(*json::parse(data), "type")};
    return net::sse_frame(std::nullopt, type, data);
}

std::string whole_answer(std::string_view text = "hello") {
    return event(R"({"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":1}}})") +
           event(R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})") +
           event(fmt::format(
               R"({{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{}"}}}})",
               text)) +
           event(R"({"type":"content_block_stop","index":0})") +
           event(
               R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}})") +
           event(R"({"type":"message_stop"})");
}

FakeReply streamed(std::vector<std::string> pieces) {
    return {.status = 200,
            .headers = {{"Content-Type", "text/event-stream; charset=utf-8"}},
            .pieces = std::move(pieces)};
}

FakeReply refused(int status, std::string_view type, net::Headers headers = {}) {
    // Pauses that a test would wait for are as short as a vendor can ask.
    if (!headers.has("retry-after")) headers.add("retry-after-ms", "1");
    return {.status = status,
            .headers = std::move(headers),
            .pieces = {fmt::format(R"({{"type":"error","error":{{"type":"{}","message":"why"}}}})", type)}};
}

struct Asked {
    fakes::FakeHttp http;
    fakes::FakeSink sink;
    std::optional<Answer> answer;
    std::optional<core::Error> error;

    explicit Asked(std::deque<FakeReply> replies, std::string model = "claude-opus-5-5",
                   std::vector<std::string> history = {user_message("hi", false)}) {
        http.replies = std::move(replies);
        async::Pool pool{1};
        run_loop([&](async::Executor) -> Task<> {
            const auto claude = make_model({std::move(model), "sk-test", "http://h:1/"}, http, pool);
            try {
                answer = co_await claude->answer({"system", history}, sink);
            } catch (const core::Error& thrown) {
                error = thrown;
            }
        });
    }
    std::string reason() const { return error ? error->reason() : ""; }
};

}  // namespace

TEST_CASE("a question is one POST with the vendor's headers, and its answer is streamed") {
    std::vector<std::string> bytes;
    for (const auto byte : whole_answer("é")) bytes.emplace_back(1, byte);
    const Asked asked{{streamed(bytes)}};
    REQUIRE(asked.answer);
    CHECK(asked.answer->blocks[0].raw == R"({"type":"text","text":"é"})");
    CHECK(asked.answer->usage == Usage{3, 5, 0, 0});
    CHECK(asked.sink.lines == std::vector<std::string>{"text é"});
    const auto& call = asked.http.calls.at(0);
    CHECK(call.url == "http://h:1/v1/messages");
    CHECK(call.headers.find("anthropic-version") == "2023-06-01");
    CHECK(call.headers.find("x-api-key") == "sk-test");
    CHECK(call.headers.find("anthropic-beta") == std::nullopt);
    // However long an answer takes, only silence ends it.
    CHECK_FALSE(call.patience.total);
    CHECK(call.patience.silence == std::chrono::seconds{60});
    CHECK(json::parse(call.body));
}

TEST_CASE("what passes is asked again with the same bytes, and each wait is told") {
    auto cut = whole_answer();
    cut.resize(cut.size() / 2);
    auto broken = streamed({cut});
    broken.broken = core::Error{core::Code::unavailable, "the connection broke off", "connection_error"};
    const auto overloaded =
        event(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})");
    Asked asked{{refused(429, "rate_limit_error"), refused(529, "overloaded_error"),
                 streamed({cut, overloaded}), broken, streamed({whole_answer()})}};
    REQUIRE(asked.answer);
    REQUIRE(asked.http.calls.size() == 5);
    for (const auto& call : asked.http.calls) CHECK(call.body == asked.http.calls[0].body);
    const auto waits =
        std::ranges::count_if(asked.sink.lines, [](const auto& line) { return line.ends_with("(wait)"); });
    CHECK(waits == 4);
    CHECK(asked.sink.lines[0] ==
          "status Anthropic's rate limit is reached: why. Asking again in 0.0 s (attempt 2 of 5) (wait)");
}

TEST_CASE("what does not pass is not asked again, and has its reason") {
    for (const auto& [status, type, code] : std::vector<std::tuple<int, std::string, core::Code>>{
             {400, "invalid_request_error", core::Code::invalid},
             {401, "authentication_error", core::Code::unauthorized},
             {402, "billing_error", core::Code::forbidden},
             {403, "permission_error", core::Code::forbidden},
             {404, "not_found_error", core::Code::not_found},
             {413, "request_too_large", core::Code::exhausted}}) {
        const Asked asked{{refused(status, type)}};
        CHECK(asked.reason() == type);
        CHECK(asked.error->code() == code);
        CHECK(asked.error->message().ends_with(": why"));
        CHECK(asked.http.calls.size() == 1);
    }
    CHECK(Asked{{refused(529, "overloaded_error", {{"x-should-retry", "false"}})}}.http.calls.size() == 1);
    CHECK(Asked{{refused(429, "rate_limit_error", {{"retry-after", "301"}})}}.reason() == "rate_limit_error");
    CHECK(Asked{{streamed(
                    {event(R"({"type":"error","error":{"type":"invalid_request_error","message":"x"}})")})}}
              .reason() == "invalid_request_error");
}

TEST_CASE("what is wrong with the account is not taken for a wrong request") {
    for (const auto* words :
         {"Your credit balance is too low to access the Anthropic API. Please go to Plans.",
          "You have reached your specified API usage limits. You will regain access later.",
          "This organization has been disabled."}) {
        const auto error = fmt::format(
            R"({{"type":"error","error":{{"type":"invalid_request_error","message":"{}"}}}})", words);
        const Asked asked{{{.status = 400, .headers = {}, .pieces = {error}}}};
        CHECK(asked.reason() == "billing_error");
        CHECK(asked.error->message().ends_with(words));
        CHECK(Asked{{streamed({event(error)})}}.reason() == "billing_error");
    }
}

TEST_CASE("an answer that is not of the Messages API is said to be so, whatever it is") {
    CHECK(
        Asked{{{.status = 200, .headers = {{"Content-Type", "text/html"}}, .pieces = {"<html>"}}}}.reason() ==
        "unexpected_answer");
    CHECK(Asked{{{.status = 302, .headers = {{"Location", "/"}}, .pieces = {}}}}.reason() ==
          "unexpected_answer");
    CHECK(Asked{{{.status = 403, .headers = {}, .pieces = {"\xff\xfe"}}}}.reason() == "permission_error");
    CHECK(Asked{{{.status = 418, .headers = {}, .pieces = {R"({"error":"teapot"})"}}}}.reason() ==
          "invalid_request_error");
}

TEST_CASE("retries are used up in the end") {
    std::deque<FakeReply> replies;
    for (int i = 0; i < 5; ++i) replies.push_back(refused(500, "api_error"));
    const Asked asked{replies};
    CHECK(asked.reason() == "api_error");
    CHECK(asked.http.calls.size() == 5);
}

TEST_CASE("a model that is not in the table is asked like the newest, with a note") {
    const Asked asked{{streamed({whole_answer()})}, "claude-ode-7"};
    REQUIRE(asked.answer);
    CHECK(asked.sink.lines[0] ==
          "status claude-ode-7 is not in Carrel's table of models; it is treated like the newest ones");
}

TEST_CASE("a history beyond the vendor's limit is not even sent") {
    const Asked asked{{}, "claude-opus-5-5", {user_message(std::string(33'000'000, 'x'), false)}};
    CHECK(asked.reason() == "request_too_large");
    CHECK(asked.http.calls.empty());
}

TEST_CASE("a cancel ends the wait for a retry") {
    run_loop([](async::Executor executor) -> Task<> {
        fakes::FakeHttp http;
        http.replies = {refused(529, "overloaded_error", {{"retry-after", "200"}})};
        async::Pool pool{1};
        fakes::FakeSink sink;
        const auto claude = make_model({"claude-opus-5-5", "k", "http://h:1"}, http, pool);
        const std::vector<std::string> history{user_message("hi", false)};
        async::Job job{executor, "ask",
                       [](Model& m, const std::vector<std::string>& h, fakes::FakeSink& s) -> Task<> {
                           co_await m.answer({"system", h}, s);
                       }(*claude, history, sink)};
        while (sink.lines.empty()) co_await async::yield_turn();
        co_await job.close();
        CHECK(http.calls.size() == 1);
    });
}

TEST_CASE("pictures keep a size that more than twenty of them in a request may have") {
    fakes::FakeHttp http;
    async::Pool pool{1};
    const auto claude = make_model({"claude-opus-5-5", "k", "http://h:1"}, http, pool);
    CHECK(claude->picture_size({1280, 800}) == Size{1280, 800});
    CHECK(claude->picture_size({2560, 1440}) == Size{2000, 1125});
}

TEST_CASE("the endpoint stands below the base URL, with or without a slash at its end") {
    CHECK(messages_url("http://h:1/") == "http://h:1/v1/messages");
    CHECK(messages_url("https://h/x") == "https://h/x/v1/messages");
}

TEST_CASE("events that are no events are a broken stream, and asked again") {
    const std::string endless = "data: " + std::string(9'000'000, 'x');
    Asked asked{{streamed({endless}), streamed({whole_answer()})}};
    CHECK(asked.answer);
    CHECK(asked.http.calls.size() == 2);
    CHECK(asked.sink.lines[0].starts_with("status The model's answer was not whole: "));
}
