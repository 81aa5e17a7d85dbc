// An HttpClient whose answers a test writes down beforehand.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "outbound/http_client.hpp"

namespace carrel::fakes {

/// What one call gets.
struct FakeReply {
    int status = 200;
    net::Headers headers = {};
    std::vector<std::string> pieces = {};      ///< of the body, one per read
    std::optional<core::Error> broken = {};    ///< thrown after the last piece
    std::optional<core::Error> no_reply = {};  ///< thrown instead of a head
};

class FakeHttp final : public outbound::HttpClient {
public:
    std::deque<FakeReply> replies;      ///< taken from the front; a call without one is a failure
    std::vector<outbound::Call> calls;  ///< in the order they came

    async::Task<outbound::Reply> send(outbound::Call call) override {
        calls.push_back(std::move(call));
        if (replies.empty()) throw core::Error{core::Code::internal, "the test foresaw no further call"};
        auto reply = std::move(replies.front());
        replies.pop_front();
        if (reply.no_reply) throw core::Error{*reply.no_reply};
        auto body = std::make_unique<Body>(std::move(reply.pieces), std::move(reply.broken));
        co_return outbound::Reply{reply.status, std::move(reply.headers), std::move(body)};
    }

private:
    class Body final : public net::Source {
    public:
        Body(std::vector<std::string> pieces, std::optional<core::Error> broken)
            : pieces_{pieces.begin(), pieces.end()}, broken_{std::move(broken)} {}
        async::Task<std::size_t> read(std::span<char> into) override {
            while (!pieces_.empty() && pieces_.front().empty()) pieces_.pop_front();
            if (pieces_.empty() && broken_) throw core::Error{*broken_};
            if (pieces_.empty()) co_return 0;
            auto& piece = pieces_.front();
            const auto count = piece.copy(into.data(), into.size());
            piece.erase(0, count);
            co_return count;
        }

    private:
        std::deque<std::string> pieces_;
        std::optional<core::Error> broken_;
    };
};

}  // namespace carrel::fakes
