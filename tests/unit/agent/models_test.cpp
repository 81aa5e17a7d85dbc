#include "agent/models.hpp"

#include <doctest/doctest.h>

#include "agent/providers.hpp"
#include "core/error.hpp"
#include "tests/fakes/fake_http.hpp"

using namespace carrel;
using namespace carrel::agent;

TEST_CASE("models are found by id, by the longest beginning, and under other clouds' names") {
    struct Case {
        std::string_view id;
        ToolKind tools;
        bool is_known;
    };
    for (const auto& [id, tools, is_known] : {Case{"claude-opus-5-5", ToolKind::toolset, true},
                                              {"claude-sonnet-5", ToolKind::toolset, true},
                                              {"claude-haiku-5-5-20261001", ToolKind::toolset, true},
                                              {"claude-fable-5-2", ToolKind::toolset, true},
                                              {"claude-mythos-5-2", ToolKind::toolset, true},
                                              {"claude-opus-4-8", ToolKind::toolset, true},
                                              {"claude-opus-4-7", ToolKind::dated, true},
                                              {"claude-sonnet-4-6", ToolKind::dated, true},
                                              {"claude-3-5-sonnet-20241022", ToolKind::dated, true},
                                              {"us.anthropic.claude-sonnet-5-v1:0", ToolKind::toolset, true},
                                              {"anthropic.claude-haiku-4-5", ToolKind::dated, true},
                                              {"claude-sonnet-4-5@20250929", ToolKind::dated, true},
                                              {"claude-opus-5@20260801", ToolKind::toolset, true},
                                              {"claude-ode-6", ToolKind::toolset, false}}) {
        CAPTURE(id);
        CHECK(find_model(id).traits.tools == tools);
        CHECK(find_model(id).is_known == is_known);
    }
}

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
