#include "agent/anthropic/claude.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/anthropic/errors.hpp"
#include "agent/anthropic/request.hpp"
#include "agent/anthropic/stream.hpp"
#include "async/deadline.hpp"
#include "core/log.hpp"

namespace carrel::agent::anthropic {

namespace {

/// More than 20 pictures in a request are refused when a side is longer than this; a session must not
/// change its picture size on the way, so it starts within it.
constexpr int longest_edge = 2000;
/// Bytes of a request that are not its history: the system prompt above all.
constexpr std::size_t rest_of_request = std::size_t{1} << 20;

Task<bool> drain(EventSource& events) {
    while (co_await events.next()) {
    }
    co_return true;
}

/// Reads what is left behind a whole answer, so that the connection can be used again.
Task<> read_rest(EventSource& events) {
    try {
        co_await async::deadline(std::chrono::seconds{1}, "the end of an answer", drain(events));
    } catch (const core::Error& error) {
        core::log_debug("a connection is not used again: {}", error.message());
    }
}

}  // namespace

ClaudeModel::ClaudeModel(std::string model, std::unique_ptr<Transport> transport, async::Pool& pool,
                         std::chrono::milliseconds first_pause)
    : model_{std::move(model)},
      found_{find_model(model_)},
      transport_{std::move(transport)},
      pool_{pool},
      first_pause_{first_pause} {}

Size ClaudeModel::picture_size(Size screen) const {
    auto limits = found_.traits.pictures;
    limits.edge = std::min(limits.edge, longest_edge);
    return fit_image(screen, limits);
}

std::size_t ClaudeModel::most_history_bytes() const { return transport_->most_bytes() - rest_of_request; }

Task<Answer> ClaudeModel::answer(Question question, Progress& progress) {
    if (!found_.is_known && !std::exchange(is_noted_, true))
        progress.status(
            fmt::format("{} is not in Carrel's table of models; it is treated like the newest ones", model_),
            std::nullopt);
    const auto body = co_await build_body(std::move(question));
    for (int attempt = 0;; ++attempt) {
        auto outcome = co_await try_once(body, progress);
        if (auto* answer = std::get_if<Answer>(&outcome)) co_return std::move(*answer);
        co_await wait_before_retry(std::get<Failure>(outcome), attempt, progress);
    }
}

Task<std::string> ClaudeModel::build_body(Question question) {
    // Copying megabytes of history would hold up the loop.
    co_return co_await async::run_on(pool_, [this, question = std::move(question)] {
        return request_body(transport_->envelope(), found_.traits, question.system, question.messages,
                            question.has_display);
    });
}

Task<> ClaudeModel::wait_before_retry(const Failure& failure, int attempt, Progress& progress) {
    const auto chance = std::uniform_real_distribution{}(chance_);
    const auto pause = failure.asked_pause.value_or(usual_pause(attempt, chance, first_pause_));
    if (!failure.may_retry || attempt >= most_retries || pause > longest_wait)
        throw core::Error{failure.error};
    const auto seconds = std::chrono::duration<double>{pause}.count();
    progress.status(fmt::format("{}. Asking again in {:.1f} s (attempt {} of {})", failure.error.message(),
                                seconds, attempt + 2, most_retries + 1),
                    seconds);
    co_await async::pause(pause);
}

Task<ClaudeModel::Outcome> ClaudeModel::try_once(std::string body, Progress& progress) {
    std::optional<core::Error> broken;
    try {
        auto reply = co_await transport_->send(std::move(body));
        if (auto* refused = std::get_if<Failure>(&reply)) co_return std::move(*refused);
        co_return co_await read_answer(*std::get<std::unique_ptr<EventSource>>(reply), progress);
    } catch (const core::Error& error) {
        broken = error;
    }
    const bool may_retry = broken->code() == core::Code::unavailable || broken->code() == core::Code::timeout;
    co_return Failure{std::move(*broken), may_retry, std::nullopt};
}

Task<ClaudeModel::Outcome> ClaudeModel::read_answer(EventSource& events, Progress& progress) {
    AnswerBuilder builder{progress};
    std::optional<StreamFault> fault;
    while (!fault && !builder.is_complete()) {
        const auto event = co_await events.next();
        if (!event) break;
        fault = builder.take(*event);
    }
    if (!fault) {
        auto answer = builder.finish();
        if (answer) {
            co_await read_rest(events);
            co_return std::move(*answer);
        }
        fault = answer.error();
    }
    co_return Failure{error_of_type(fault->type, fault->message), is_passing(fault->type), std::nullopt};
}

}  // namespace carrel::agent::anthropic
