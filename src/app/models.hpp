// Which models there are to choose from, by provider, and how each is made.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "agent/interfaces.hpp"
#include "async/run_on.hpp"
#include "outbound/http_client.hpp"

namespace carrel::app {

struct Provider {
    std::string_view name;           ///< "anthropic", "scripted"
    bool needs_key = false;          ///< without a key its sessions answer 503 to messages
    std::string_view default_model;  ///< when a session names none
    std::string_view key_variable;   ///< environment variable that may hold the key; empty: none
    std::string_view address;        ///< base URL when none is configured; empty: no network
};

std::span<const Provider> providers();
/// Null when there is no such provider.
const Provider* find_provider(std::string_view name);

/// A model, and how to reach it.
struct ModelChoice {
    std::string provider;
    std::string model;     ///< empty: the provider's default
    std::string key;       ///< empty when the provider needs none
    std::string base_url;  ///< empty: the provider's own (ANTHROPIC_BASE_URL goes here)
};

/// Throws Error{invalid} for an unknown provider, a model that we cannot serve (reason
/// "unsupported_model") or a base URL that is none; Error{unavailable, reason "no_model_key"} when a
/// key is needed and missing. `http` and `pool` outlive the model. Cheap: make one per turn.
std::unique_ptr<agent::Model> make_model(const ModelChoice& choice, outbound::HttpClient& http,
                                         async::Pool& pool);

}  // namespace carrel::app
