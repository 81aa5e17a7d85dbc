// The four sides of the agent loop as a test sees them: a model that gives prepared answers, a desk
// that records what it is asked, a sink that writes lines, and a history in memory.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/history.hpp"
#include "agent/interfaces.hpp"
#include "core/error.hpp"

namespace carrel::fakes {

class FakeModel final : public agent::Model {
public:
    using Reply = std::function<async::Task<agent::Answer>(agent::Question, agent::Progress&)>;

    std::deque<Reply> replies;                        ///< taken from the front
    std::vector<std::vector<std::string>> questions;  ///< the messages of each

    void add(agent::Answer answer) {
        replies.push_back(
            [answer = std::move(answer)](agent::Question, agent::Progress&) -> async::Task<agent::Answer> {
                co_return answer;
            });
    }
    async::Task<agent::Answer> answer(agent::Question question, agent::Progress& progress) override {
        questions.emplace_back(question.messages.begin(), question.messages.end());
        if (replies.empty()) throw core::Error{core::Code::internal, "the test foresaw no further question"};
        const auto reply = std::move(replies.front());
        replies.pop_front();
        co_return co_await reply(question, progress);
    }
    agent::Size picture_size(agent::Size screen) const override { return screen; }
    std::size_t most_pictures() const override { return most; }
    std::size_t most_history_bytes() const override { return most_bytes; }

    std::size_t most = 100;
    std::size_t most_bytes = 32'000'000;
};

class FakeDeskCalls final : public agent::DeskCalls {
public:
    using Reply = std::function<async::Task<json::Value>(json::Object)>;

    std::vector<std::string> calls;        ///< "mouse/click {…}"
    std::map<std::string, Reply> replies;  ///< by operation; {"success":true} without one
    agent::Picture shown{"\x89PNG\r\n\x1a\nfake", "image/png", {1280, 800}};

    void answer(std::string operation, std::string_view text) {
        replies[operation] = [value = *json::parse(text)](json::Object) -> async::Task<json::Value> {
            co_return value;
        };
    }
    async::Task<json::Value> call(std::string operation, json::Object input) override {
        calls.push_back(fmt::format("{} {}", operation, json::to_text(input)));
        if (const auto found = replies.find(operation); found != replies.end())
            co_return co_await found->second(std::move(input));
        co_return *json::parse(R"({"success":true})");
    }
    agent::Size size{1280, 800};
    agent::Size screen() const override { return size; }
    async::Task<agent::Picture> picture(std::string operation, json::Object input) override {
        auto answer = shown;
        const auto* width = input.if_contains("width");
        const auto* height = input.if_contains("height");
        if (width && height) answer.size = {width->to_number<int>(), height->to_number<int>()};
        co_await call(std::move(operation), std::move(input));
        co_return answer;
    }
};

class FakeSink final : public agent::Sink {
public:
    std::vector<std::string> lines;

    void text(std::string_view piece) override { lines.push_back(fmt::format("text {}", piece)); }
    void thinking(std::string_view piece) override { lines.push_back(fmt::format("thinking {}", piece)); }
    void status(std::string_view message, std::optional<double> retry_after) override {
        lines.push_back(fmt::format("status {}{}", message, retry_after ? " (wait)" : ""));
    }
    // As the interface asks, these two have told when they return, and not when their task is awaited.
    async::Task<> tool_use(std::string name, json::Object input, std::string tool_use_id) override {
        lines.push_back(fmt::format("tool_use {} {} {}", tool_use_id, name, json::to_text(input)));
        return done();
    }
    async::Task<> tool_result(std::string tool_use_id, const agent::ToolResult& result) override {
        lines.push_back(fmt::format("tool_result {} {}{}{}", tool_use_id, result.is_error ? "error: " : "",
                                    result.text, result.picture ? "(picture)" : ""));
        return done();
    }
    async::Task<> usage(agent::Usage usage) override {
        lines.push_back(fmt::format("usage {} {}", usage.input_tokens, usage.output_tokens));
        co_return;
    }

private:
    static async::Task<> done() { co_return; }
};

class FakeTranscript final : public agent::Transcript {
public:
    std::vector<std::string> stored;

    const std::vector<std::string>& messages() const override { return stored; }
    async::Task<> append(std::string raw_message) override {
        stored.push_back(std::move(raw_message));
        co_return;
    }
    async::Task<> rewrite(std::size_t keep, std::vector<std::string> rest) override {
        stored.resize(keep);
        stored.insert(stored.end(), rest.begin(), rest.end());
        co_return;
    }
    /// What a session does before a turn: heals, then appends the person's message.
    void begin(std::string_view text) {
        const std::string last = stored.empty() ? "" : stored.back();
        if (auto healing = agent::healing_message(last, {})) stored.push_back(std::move(*healing));
        stored.push_back(
            agent::user_message(text, agent::ends_without_answer(stored.empty() ? "" : stored.back())));
    }
};

}  // namespace carrel::fakes
