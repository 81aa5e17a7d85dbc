// Claude behind the Anthropic Messages API, streaming.
#pragma once

#include <random>
#include <string>
#include <variant>

#include "agent/interfaces.hpp"
#include "agent/models.hpp"
#include "async/run_on.hpp"
#include "core/error.hpp"
#include "outbound/http_client.hpp"

namespace carrel::agent {

struct AnthropicSettings {
    std::string model;
    std::string key;
    std::string base_url;  ///< "https://api.anthropic.com"
    outbound::Patience patience;
};

/// Failed calls are made again by the rules of agent/retry; each wait is told as a status. What it
/// throws has the vendor's error type as reason ("authentication_error", "overloaded_error",
/// "request_too_large", …), or "connection_error".
class AnthropicModel final : public Model {
public:
    /// `http` and `pool` outlive it.
    AnthropicModel(AnthropicSettings settings, outbound::HttpClient& http, async::Pool& pool);

    Task<Answer> answer(Question question, Progress& progress) override;
    Size picture_size(Size screen) const override;
    std::size_t most_pictures() const override { return found_.traits.most_pictures; }

private:
    struct Failure {
        core::Error error;
        bool may_retry = false;
        std::optional<std::chrono::milliseconds> asked_pause;
    };
    using Outcome = std::variant<Answer, Failure>;

    Task<std::string> build_body(Question question);
    Task<Outcome> try_once(std::string body, Progress& progress);
    Task<Outcome> read_answer(net::Source& body, Progress& progress);
    Task<Failure> read_failure(outbound::Reply& reply);
    Task<> wait_before_retry(const Failure& failure, int attempt, Progress& progress);

    AnthropicSettings settings_;
    FoundModel found_;
    bool is_noted_ = false;  ///< that the model is not in our table
    outbound::HttpClient& http_;
    async::Pool& pool_;
    std::minstd_rand chance_{std::random_device{}()};
};

}  // namespace carrel::agent
