#include "agent/anthropic.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "agent/anthropic_errors.hpp"
#include "agent/anthropic_request.hpp"
#include "agent/anthropic_stream.hpp"
#include "agent/retry.hpp"
#include "async/deadline.hpp"
#include "core/log.hpp"
#include "core/text.hpp"

namespace carrel::agent {

namespace {

/// More than 20 pictures in a request are refused when a side is longer than this; a session must not
/// change its picture size on the way, so it starts within it.
constexpr int longest_edge = 2000;

constexpr std::size_t piece_size = std::size_t{16} << 10;

Task<bool> drain(net::Source& body) {
    std::array<char, 1024> rest;
    while (co_await body.read(rest) > 0) {
    }
    co_return true;
}

/// Reads what is left behind a whole answer, so that the connection can be used again.
Task<> read_rest(net::Source& body) {
    try {
        co_await async::deadline(std::chrono::seconds{1}, "the end of an answer", drain(body));
    } catch (const core::Error& error) {
        core::log_debug("a connection is not used again: {}", error.message());
    }
}

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

bool is_event_stream(const net::Headers& headers) {
    const auto type = headers.find("content-type");
    return type && core::to_lower(*type).starts_with("text/event-stream");
}

}  // namespace

AnthropicModel::AnthropicModel(AnthropicSettings settings, outbound::HttpClient& http, async::Pool& pool)
    : settings_{std::move(settings)}, found_{find_model(settings_.model)}, http_{http}, pool_{pool} {}

Size AnthropicModel::picture_size(Size screen) const {
    auto limits = found_.traits.pictures;
    limits.edge = std::min(limits.edge, longest_edge);
    return fit_image(screen, limits);
}

Task<Answer> AnthropicModel::answer(Question question, Progress& progress) {
    if (!found_.is_known && !std::exchange(is_noted_, true))
        progress.status(
            fmt::format("{} is not in Carrel's table of models; it is treated like the newest ones",
                        settings_.model),
            std::nullopt);
    const auto body = co_await build_body(std::move(question));
    if (body.size() > most_request_bytes)
        throw core::Error{error_of_type("request_too_large", fmt::format("{} bytes", body.size()))};
    for (int attempt = 0;; ++attempt) {
        auto outcome = co_await try_once(body, progress);
        if (auto* answer = std::get_if<Answer>(&outcome)) co_return std::move(*answer);
        co_await wait_before_retry(std::get<Failure>(outcome), attempt, progress);
    }
}

Task<std::string> AnthropicModel::build_body(Question question) {
    // Copying megabytes of history would hold up the loop.
    co_return co_await async::run_on(pool_, [this, question = std::move(question)] {
        return request_body(found_.traits, settings_.model, question.system, question.messages);
    });
}

Task<> AnthropicModel::wait_before_retry(const Failure& failure, int attempt, Progress& progress) {
    const auto chance = std::uniform_real_distribution{}(chance_);
    const auto pause = failure.asked_pause.value_or(usual_pause(attempt, chance));
    if (!failure.may_retry || attempt >= most_retries || pause > longest_wait)
        throw core::Error{failure.error};
    const auto seconds = std::chrono::duration<double>{pause}.count();
    progress.status(fmt::format("{}. Asking again in {:.1f} s (attempt {} of {})", failure.error.message(),
                                seconds, attempt + 2, most_retries + 1),
                    seconds);
    co_await async::pause(pause);
}

Task<AnthropicModel::Outcome> AnthropicModel::try_once(std::string body, Progress& progress) {
    std::optional<core::Error> broken;
    try {
        auto reply =
            co_await http_.send({"POST", messages_url(settings_.base_url), request_headers(settings_.key),
                                 std::move(body), settings_.patience});
        if (reply.status != 200 || !is_event_stream(reply.headers)) co_return co_await read_failure(reply);
        co_return co_await read_answer(*reply.body, progress);
    } catch (const core::Error& error) {
        broken = error;
    }
    const bool may_retry = broken->code() == core::Code::unavailable || broken->code() == core::Code::timeout;
    co_return Failure{{broken->code(), broken->message(), may_retry ? "connection_error" : broken->reason()},
                      may_retry,
                      std::nullopt};
}

Task<AnthropicModel::Outcome> AnthropicModel::read_answer(net::Source& body, Progress& progress) {
    AnswerBuilder builder{progress};
    net::SseParser parser{std::size_t{8} << 20};
    std::array<char, piece_size> piece;
    std::optional<StreamFault> fault;
    while (!fault && !builder.is_complete()) {
        const auto count = co_await body.read(piece);
        if (count == 0) break;
        if (const auto pushed = parser.push({piece.data(), count}); !pushed)
            fault = StreamFault{"bad_stream", pushed.error().message()};
        while (!fault && !builder.is_complete()) {
            const auto event = parser.pop();
            if (!event) break;
            fault = builder.take(*event);
        }
    }
    if (!fault) {
        auto answer = builder.finish();
        if (answer) {
            co_await read_rest(body);
            co_return std::move(*answer);
        }
        fault = answer.error();
    }
    co_return Failure{error_of_type(fault->type, fault->message), is_passing(fault->type), std::nullopt};
}

Task<AnthropicModel::Failure> AnthropicModel::read_failure(outbound::Reply& reply) {
    const auto text = co_await read_refusal(*reply.body);
    co_return Failure{error_of_reply(reply.status, text), is_worth_retry(reply.status, reply.headers),
                      asked_pause(reply.headers, core::SystemClock{}.now())};
}

}  // namespace carrel::agent
