#include "agent/providers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/anthropic.hpp"
#include "agent/models.hpp"
#include "agent/scripted.hpp"

namespace carrel::agent {

namespace {

constexpr std::array table{
    Provider{"anthropic", true, default_claude_model, "ANTHROPIC_API_KEY", "https://api.anthropic.com"},
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

void check_model(const ModelChoice& choice) {
    const auto& provider = get_provider(choice.provider);
    if (provider.address.empty()) return;
    if (find_model(choice.model.empty() ? provider.default_model : choice.model).traits.tools ==
        ToolKind::dated)
        throw core::Error{
            core::Code::invalid,
            fmt::format("{} takes only a dated computer tool, which Carrel does not speak; choose a "
                        "model that takes computer_toolset_20260801, such as {}",
                        choice.model, provider.default_model),
            "unsupported_model"};
    const auto& url = choice.base_url;
    if (!url.empty() && !url.starts_with("https://") && !url.starts_with("http://"))
        throw core::Error{core::Code::invalid,
                          "the base URL of a provider must begin with https:// or http://"};
}

std::unique_ptr<Model> make_model(const ModelChoice& choice, outbound::HttpClient& http, async::Pool& pool) {
    check_model(choice);
    const auto& provider = get_provider(choice.provider);
    if (provider.address.empty()) return std::make_unique<ScriptedModel>();
    if (choice.key.empty())
        throw core::Error{core::Code::unavailable,
                          fmt::format("the provider {} needs a key: set {} or give one to this server",
                                      provider.name, provider.key_variable),
                          "no_model_key"};
    return std::make_unique<AnthropicModel>(
        AnthropicSettings{
            .model = choice.model.empty() ? std::string{provider.default_model} : choice.model,
            .key = choice.key,
            .base_url = choice.base_url.empty() ? std::string{provider.address} : choice.base_url,
            .patience = {}},
        http, pool);
}

}  // namespace carrel::agent
