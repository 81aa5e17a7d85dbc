// The way to Anthropic's own Messages API: a POST with an API key over HTTP, answered by server-sent events.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/anthropic/retry.hpp"
#include "agent/anthropic/transport.hpp"
#include "agent/interfaces.hpp"
#include "async/run_on.hpp"
#include "outbound/http_client.hpp"

namespace carrel::agent::anthropic {

/// The vendor refuses larger requests (32 MB).
constexpr std::size_t most_request_bytes = 32'000'000;

struct ApiSettings {
    std::string model;
    std::string key;
    std::string base_url;                                       ///< "https://api.anthropic.com"
    outbound::Patience patience = {.total = std::nullopt};      ///< an answer may take as long as it comes
    std::chrono::milliseconds first_pause = usual_first_pause;  ///< before a request is made again
};

class MessagesApi final : public Transport {
public:
    /// `http` outlives it.
    MessagesApi(ApiSettings settings, outbound::HttpClient& http)
        : settings_{std::move(settings)}, http_{http} {}

    std::string envelope() const override;
    std::size_t most_bytes() const override { return most_request_bytes; }
    Task<std::variant<std::unique_ptr<EventSource>, Failure>> send(std::string body) override;

private:
    ApiSettings settings_;
    outbound::HttpClient& http_;
};

/// The endpoint below a base URL, with or without a slash at its end.
std::string messages_url(std::string_view base_url);

/// Claude behind it. Throws Error{invalid, reason "unsupported_model"}. `http` and `pool` outlive the model.
std::unique_ptr<Model> make_model(ApiSettings settings, outbound::HttpClient& http, async::Pool& pool);

}  // namespace carrel::agent::anthropic
