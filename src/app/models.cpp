#include "app/models.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "agent/anthropic/messages_api.hpp"
#include "agent/scripted/scripted.hpp"
#include "core/error.hpp"

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

session::Provider offer(const Config& config, const vendors::Vendor& vendor, outbound::HttpClient& http,
                        async::Pool& pool) {
    auto access = access_of(config, vendor);
    const bool is_chosen = &vendor == &chosen_vendor(config) && !config.model.empty();
    session::Provider offered{.vendor = vendor,
                              .default_model = is_chosen ? config.model : std::string{vendor.default_model}};
    if (!access.key.empty()) offered.base_key = access.key;
    offered.make = [&http, &pool, name = std::string{vendor.name}, url = access.base_url](
                       const std::string& model, const session::Key& key) {
        return make_model({.provider = name, .model = model, .access = {.base_url = url, .key = key}}, http,
                          pool);
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
                                              async::Pool& pool) {
    std::vector<session::Provider> all;
    all.reserve(vendors::table.size());
    for (const auto& vendor : vendors::table) all.push_back(offer(config, vendor, http, pool));
    return all;
}

}  // namespace carrel::app
