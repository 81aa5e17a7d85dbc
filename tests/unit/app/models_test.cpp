#include "app/models.hpp"

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "tests/fakes/fake_http.hpp"

using namespace carrel;
using namespace carrel::app;

TEST_CASE("a choice of model that cannot work is refused with a sentence") {
    fakes::FakeHttp http;
    async::Pool pool{1};
    const auto reason = [&](ModelChoice choice) -> std::string {
        try {
            make_model(std::move(choice), http, pool);
        } catch (const core::Error& error) {
            return error.reason();
        }
        return {};
    };
    CHECK(reason({"anthropic", "claude-opus-4-5", {.base_url = "", .key = "k"}}) == "unsupported_model");
    CHECK(reason({"anthropic", "", {.base_url = "", .key = ""}}) == "no_model_key");
    CHECK(reason({"anthropic", "", {.base_url = "ftp://x", .key = "k"}}) == "invalid");
    CHECK(reason({"openai", "", {.base_url = "", .key = "k"}}) == "unknown_provider");
    CHECK(reason({"anthropic", "", {.base_url = "", .key = "k"}}) == "");
    CHECK(reason({"scripted", "", {.base_url = "", .key = ""}}) == "");
}

TEST_CASE("every model that a row names can be made") {
    fakes::FakeHttp http;
    async::Pool pool{1};
    for (const auto& vendor : vendors::table) {
        std::vector<std::string_view> models{vendor.models.begin(), vendor.models.end()};
        models.push_back(vendor.default_model);
        for (const auto model : models) {
            CAPTURE(model);
            CHECK_NOTHROW(make_model(
                {std::string{vendor.name}, std::string{model}, {.base_url = "", .key = "k"}}, http, pool));
        }
    }
}

TEST_CASE("what the settings say of a vendor is what the server offers") {
    fakes::FakeHttp http;
    async::Pool pool{1};
    const auto offered = [&](const Config& config) { return offered_models(config, http, pool); };
    Config config;
    REQUIRE(offered(config).size() == vendors::table.size());
    for (const auto& provider : offered(config)) {
        CHECK(provider.default_model == provider.vendor.default_model);
        CHECK_FALSE(provider.base_key);
    }
    config.model = "claude-sonnet-5-5";
    config.access["anthropic"].key = "sk-ant-1";
    for (const std::string provider : {"anthropic", "scripted"}) {
        config.provider = provider;
        CHECK(offered(config)[0].default_model == "claude-sonnet-5-5");
        CHECK(offered(config)[0].base_key == "sk-ant-1");
        CHECK(offered(config)[1].default_model == "scripted");
    }
    CHECK(offered(config)[1].make("", "") != nullptr);
}
