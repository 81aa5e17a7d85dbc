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
            make_model(choice, http, pool);
        } catch (const core::Error& error) {
            return error.reason();
        }
        return {};
    };
    CHECK(reason({"anthropic", "claude-opus-4-5", "k", ""}) == "unsupported_model");
    CHECK(reason({"anthropic", "", "", ""}) == "no_model_key");
    CHECK(reason({"anthropic", "", "k", "ftp://x"}) == "invalid");
    CHECK(reason({"openai", "", "k", ""}) == "unknown_provider");
    CHECK(reason({"anthropic", "", "k", ""}) == "");
    CHECK(reason({"scripted", "", "", ""}) == "");
    CHECK(find_provider("scripted")->needs_key == false);
    CHECK(find_provider("bedrock") == nullptr);
}
