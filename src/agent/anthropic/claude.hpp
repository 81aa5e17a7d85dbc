// Claude, wherever it is served: what is asked and answered has the shape of the Messages API, and a
// Transport carries it.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <variant>

#include "agent/anthropic/models.hpp"
#include "agent/anthropic/retry.hpp"
#include "agent/anthropic/transport.hpp"
#include "agent/interfaces.hpp"
#include "async/run_on.hpp"

namespace carrel::agent::anthropic {

/// Failed requests are made again, by the transport's word on each and the rules of retry.hpp; each wait is
/// told as a status. What it throws has the vendor's error type as reason ("authentication_error",
/// "overloaded_error", "request_too_large", …), or "connection_error".
class ClaudeModel final : public Model {
public:
    /// `model` is its id. `pool` outlives it.
    ClaudeModel(std::string model, std::unique_ptr<Transport> transport, async::Pool& pool,
                std::chrono::milliseconds first_pause = usual_first_pause);

    Task<Answer> answer(Question question, Progress& progress) override;
    Size picture_size(Size screen) const override;
    std::size_t most_pictures() const override { return found_.traits.most_pictures; }
    std::size_t most_history_bytes() const override;

private:
    using Outcome = std::variant<Answer, Failure>;

    Task<std::string> build_body(Question question);
    Task<Outcome> try_once(std::string body, Progress& progress);
    Task<Outcome> read_answer(EventSource& events, Progress& progress);
    Task<> wait_before_retry(const Failure& failure, int attempt, Progress& progress);

    std::string model_;
    FoundModel found_;
    bool is_noted_ = false;  ///< that the model is not in our table
    std::unique_ptr<Transport> transport_;
    async::Pool& pool_;
    std::chrono::milliseconds first_pause_;
    std::minstd_rand chance_{std::random_device{}()};
};

}  // namespace carrel::agent::anthropic
