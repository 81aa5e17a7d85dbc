#include "agent/anthropic/models.hpp"

#include <doctest/doctest.h>

#include "core/error.hpp"

using namespace carrel;
using namespace carrel::agent;
using namespace carrel::agent::anthropic;

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

TEST_CASE("a model that takes only a dated tool is refused with the name of one that can be served") {
    CHECK_NOTHROW(check_model("claude-opus-5-5"));
    CHECK_NOTHROW(check_model("claude-ode-6"));
    try {
        check_model("claude-3-7-sonnet");
        FAIL("it is not refused");
    } catch (const core::Error& error) {
        CHECK(error.reason() == "unsupported_model");
        CHECK(error.message().starts_with("claude-3-7-sonnet takes only a dated computer tool"));
        CHECK(error.message().ends_with("such as claude-opus-5-5"));
    }
}
