// A way to Claude whose answers a test writes down beforehand.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "agent/anthropic/transport.hpp"

namespace carrel::fakes {

/// What one request gets.
struct FakeEvents {
    std::vector<std::string> events = {};
    std::optional<core::Error> broken = {};                 ///< thrown after the last event
    std::optional<agent::anthropic::Failure> refusal = {};  ///< instead of an answer
    std::optional<core::Error> unreachable = {};            ///< thrown instead of either
};

class FakeTransport final : public agent::anthropic::Transport {
public:
    /// What a test sees of it, also after the model that owned it is gone.
    struct Record {
        std::deque<FakeEvents> replies;   ///< taken from the front; a request without one is a failure
        std::vector<std::string> bodies;  ///< in the order they came
    };

    explicit FakeTransport(Record& record) : record_{record} {}

    std::string envelope() const override { return R"("version":"fake-1",)"; }
    std::size_t most_bytes() const override { return 32'000'000; }
    async::Task<std::variant<std::unique_ptr<agent::anthropic::EventSource>, agent::anthropic::Failure>> send(
        std::string body) override {
        record_.bodies.push_back(std::move(body));
        if (record_.replies.empty())
            throw core::Error{core::Code::internal, "the test foresaw no further request"};
        auto reply = std::move(record_.replies.front());
        record_.replies.pop_front();
        if (reply.unreachable) throw core::Error{*reply.unreachable};
        if (reply.refusal) co_return std::move(*reply.refusal);
        co_return std::make_unique<Events>(std::move(reply));
    }

private:
    class Events final : public agent::anthropic::EventSource {
    public:
        explicit Events(FakeEvents reply) : reply_{std::move(reply)} {}
        async::Task<std::optional<std::string>> next() override {
            if (next_ < reply_.events.size()) co_return reply_.events[next_++];
            if (reply_.broken) throw core::Error{*reply_.broken};
            co_return std::nullopt;
        }

    private:
        FakeEvents reply_;
        std::size_t next_ = 0;
    };

    Record& record_;
};

}  // namespace carrel::fakes
