#include "app/models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/anthropic/messages_api.hpp"
#include "agent/scripted/scripted.hpp"
#include "core/error.hpp"

namespace carrel::app {

namespace {

constexpr std::array table{
    Provider{"anthropic", true, "claude-opus-5-5", "ANTHROPIC_API_KEY", "https://api.anthropic.com"},
    Provider{"scripted", false, "scripted", "", ""},
};

const Provider& get_provider(std::string_view name) {
    if (const auto* provider = find_provider(name)) return *provider;
    std::string names;
    for (const auto& provider : table) names += fmt::format("{}{}", names.empty() ? "" : ", ", provider.name);
    throw core::Error{core::Code::invalid, fmt::format("there is no provider {}; there are {}", name, names),
                      "unknown_provider"};
}

}  // namespace

std::span<const Provider> providers() { return table; }

const Provider* find_provider(std::string_view name) {
    const auto* const found = std::ranges::find(table, name, &Provider::name);
    return found == table.end() ? nullptr : found;
}

std::unique_ptr<agent::Model> make_model(const ModelChoice& choice, outbound::HttpClient& http,
                                         async::Pool& pool) {
    const auto& provider = get_provider(choice.provider);
    if (provider.address.empty()) return std::make_unique<agent::scripted::ScriptedModel>();
    const auto& url = choice.base_url;
    if (!url.empty() && !url.starts_with("https://") && !url.starts_with("http://"))
        throw core::Error{core::Code::invalid,
                          "the base URL of a provider must begin with https:// or http://"};
    // A model that is refused is refused without a key too: a session is made before its key is pasted.
    auto model = agent::anthropic::make_model(
        {.model = choice.model.empty() ? std::string{provider.default_model} : choice.model,
         .key = choice.key,
         .base_url = url.empty() ? std::string{provider.address} : url},
        http, pool);
    if (choice.key.empty())
        throw core::Error{core::Code::unavailable,
                          fmt::format("the provider {} needs a key: set {} or give one to this server",
                                      provider.name, provider.key_variable),
                          "no_model_key"};
    return model;
}

}  // namespace carrel::app
