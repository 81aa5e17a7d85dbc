#include "agent/anthropic/messages_api.hpp"

#include <fmt/format.h>

#include <array>

#include "agent/anthropic/claude.hpp"
#include "agent/anthropic/errors.hpp"
#include "agent/anthropic/models.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "json/parse.hpp"
#include "net/sse.hpp"

namespace carrel::agent::anthropic {

namespace {

constexpr std::size_t piece_size = std::size_t{16} << 10;
constexpr std::size_t most_event_bytes = std::size_t{8} << 20;
/// Of one answer, comments and pings included: nothing else bounds a stream that never falls silent.
constexpr std::size_t most_stream_bytes = std::size_t{256} << 20;

/// Whatever breaks on the way has one reason.
core::Error on_the_way(const core::Error& error) {
    const bool is_passing = error.code() == core::Code::unavailable || error.code() == core::Code::timeout;
    return {error.code(), error.message(), is_passing ? "connection_error" : error.reason()};
}

class SseSource final : public EventSource {
public:
    explicit SseSource(std::unique_ptr<net::Source> body) : body_{std::move(body)} {}

    Task<std::optional<std::string>> next() override {
        std::array<char, piece_size> piece;
        for (;;) {
            if (auto event = parser_.pop()) co_return std::move(event->data);
            const auto count = co_await read(piece);
            if (count == 0) co_return std::nullopt;
            size_ += count;
            if (size_ > most_stream_bytes)
                throw core::Error{error_of_type("answer_too_large", fmt::format("{} bytes", size_))};
            if (const auto pushed = parser_.push({piece.data(), count}); !pushed)
                throw core::Error{error_of_type("bad_stream", pushed.error().message())};
        }
    }

private:
    Task<std::size_t> read(std::span<char> into) {
        try {
            co_return co_await body_->read(into);
        } catch (const core::Error& error) {
            throw core::Error{on_the_way(error)};
        }
    }

    std::unique_ptr<net::Source> body_;
    net::SseParser parser_{most_event_bytes};
    std::size_t size_ = 0;
};

/// What came with a refusal, or nothing when that broke off: the status alone says enough.
Task<std::string> read_refusal(net::Source& body) {
    constexpr std::size_t most_bytes = std::size_t{64} << 10;
    try {
        co_return co_await net::read_all(body, most_bytes);
    } catch (const core::Error& error) {
        core::log_debug("the body of a refusal is lost: {}", error.message());
    }
    co_return std::string{};
}

Task<Failure> read_failure(outbound::Reply& reply) {
    const auto text = co_await read_refusal(*reply.body);
    co_return Failure{error_of_reply(reply.status, text), is_worth_retry(reply.status, reply.headers),
                      asked_pause(reply.headers, core::SystemClock{}.now())};
}

Task<outbound::Reply> send_call(outbound::HttpClient& http, outbound::Call call) {
    try {
        co_return co_await http.send(std::move(call));
    } catch (const core::Error& error) {
        throw core::Error{on_the_way(error)};
    }
}

bool is_event_stream(const net::Headers& headers) {
    const auto type = headers.find("content-type");
    return type && core::to_lower(*type).starts_with("text/event-stream");
}

net::Headers request_headers(std::string_view key) {
    return {{"Content-Type", "application/json"},
            {"Accept", "text/event-stream"},
            {"anthropic-version", "2023-06-01"},
            {"x-api-key", std::string{key}},
            {"User-Agent", "carrel"}};
}

}  // namespace

std::string messages_url(std::string_view base_url) {
    while (base_url.ends_with('/')) base_url.remove_suffix(1);
    return fmt::format("{}/v1/messages", base_url);
}

std::string MessagesApi::envelope() const {
    return fmt::format(R"("model":{},"stream":true,)", json::to_text(json::Value(settings_.model)));
}

Task<std::variant<std::unique_ptr<EventSource>, Failure>> MessagesApi::send(std::string body) {
    if (body.size() > most_request_bytes)
        co_return Failure{error_of_type("request_too_large", fmt::format("{} bytes", body.size())), false,
                          std::nullopt};
    auto reply =
        co_await send_call(http_, {"POST", messages_url(settings_.base_url), request_headers(settings_.key),
                                   std::move(body), settings_.patience});
    if (reply.status != 200 || !is_event_stream(reply.headers)) co_return co_await read_failure(reply);
    co_return std::make_unique<SseSource>(std::move(reply.body));
}

std::unique_ptr<Model> make_model(ApiSettings settings, outbound::HttpClient& http, async::Pool& pool) {
    check_model(settings.model);
    auto model = settings.model;
    const auto first_pause = settings.first_pause;
    return std::make_unique<ClaudeModel>(
        std::move(model), std::make_unique<MessagesApi>(std::move(settings), http), pool, first_pause);
}

}  // namespace carrel::agent::anthropic
