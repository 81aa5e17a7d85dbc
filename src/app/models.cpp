#include "app/models.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "agent/anthropic/messages_api.hpp"
#include "agent/scripted/scripted.hpp"
#include "core/error.hpp"
#include "metrics/sheet.hpp"

namespace carrel::app {

namespace {

using core::Code;
using core::Error;
using ModelPtr = std::unique_ptr<agent::Model>;

/// A choice whose gaps are filled from the vendor's row.
using Make = ModelPtr (*)(ModelChoice choice, outbound::HttpClient& http, async::Pool& pool);

struct Maker {
    std::string_view vendor;
    Make make;
};

constexpr std::array makers{
    Maker{"anthropic",
          [](ModelChoice choice, outbound::HttpClient& http, async::Pool& pool) -> ModelPtr {
              return agent::anthropic::make_model({.model = std::move(choice.model),
                                                   .key = std::move(choice.access.key),
                                                   .base_url = std::move(choice.access.base_url)},
                                                  http, pool);
          }},
    Maker{"scripted",
          [](ModelChoice, outbound::HttpClient&, async::Pool&) -> ModelPtr {
              return std::make_unique<agent::scripted::ScriptedModel>();
          }},
};

static_assert(std::ranges::equal(vendors::table, makers, {}, &vendors::Vendor::name, &Maker::vendor),
              "each row of vendors::table has its maker here, in the same order");

const vendors::Vendor& get_vendor(std::string_view name) {
    if (const auto* vendor = vendors::find_vendor(name)) return *vendor;
    throw Error{Code::invalid,
                fmt::format("there is no provider {}; there are {}", name, fmt::join(vendors::names(), ", ")),
                "unknown_provider"};
}

void check_address(const std::string& url) {
    if (url.empty() || url.starts_with("https://") || url.starts_with("http://")) return;
    throw Error{Code::invalid, "the base URL of a provider must begin with https:// or http://"};
}

/// What a model is counted as.
std::string label_of(const std::string& model, const vendors::Vendor& vendor, std::string_view chosen) {
    std::vector<std::string> known{vendor.models.begin(), vendor.models.end()};
    known.emplace_back(vendor.default_model);
    known.emplace_back(chosen);
    return metrics::bounded(model, known);
}

ModelPtr observe(ModelPtr model, std::string vendor, std::string name, const ModelObserver& observer) {
    if (!observer) return model;
    return agent::watched(std::move(model),
                          [observer, vendor = std::move(vendor), name = std::move(name)](
                              const agent::EndedCall& call) { observer(vendor, name, call); });
}

session::Provider offer(const Config& config, const vendors::Vendor& vendor, outbound::HttpClient& http,
                        async::Pool& pool, const ModelObserver& observer) {
    auto access = access_of(config, vendor);
    const bool is_chosen = &vendor == &chosen_vendor(config) && !config.model.empty();
    session::Provider offered{.vendor = vendor,
                              .default_model = is_chosen ? config.model : std::string{vendor.default_model}};
    if (!access.key.empty()) offered.base_key = access.key;
    offered.make = [&http, &pool, &vendor, observer, url = access.base_url, chosen = offered.default_model](
                       const std::string& model, const session::Key& key) {
        std::string name{vendor.name};
        auto made = make_model({.provider = name, .model = model, .access = {.base_url = url, .key = key}},
                               http, pool);
        return observe(std::move(made), std::move(name), label_of(model, vendor, chosen), observer);
    };
    return offered;
}

}  // namespace

ModelPtr make_model(ModelChoice choice, outbound::HttpClient& http, async::Pool& pool) {
    const auto& vendor = get_vendor(choice.provider);
    if (choice.model.empty()) choice.model = vendor.default_model;
    if (choice.access.base_url.empty()) choice.access.base_url = vendor.address;
    check_address(choice.access.base_url);
    const bool lacks_key = vendor.needs_key && choice.access.key.empty();
    // A model that is refused is refused without a key too: a session is made before its key is pasted.
    const auto* const maker = std::ranges::find(makers, vendor.name, &Maker::vendor);
    auto model = maker->make(std::move(choice), http, pool);
    if (lacks_key)
        throw Error{Code::unavailable,
                    fmt::format("the provider {} needs a key: set {} or give one to this server", vendor.name,
                                vendor.key_variable),
                    "no_model_key"};
    return model;
}

std::vector<session::Provider> offered_models(const Config& config, outbound::HttpClient& http,
                                              async::Pool& pool, const ModelObserver& observer) {
    std::vector<session::Provider> all;
    all.reserve(vendors::table.size());
    for (const auto& vendor : vendors::table) all.push_back(offer(config, vendor, http, pool, observer));
    return all;
}

}  // namespace carrel::app
