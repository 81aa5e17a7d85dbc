#include "agent/anthropic/request.hpp"

#include <doctest/doctest.h>

#include "agent/history.hpp"

using namespace carrel::agent;
using namespace carrel::agent::anthropic;

TEST_CASE("each request begins with the bytes of the one before, and the history is never altered") {
    constexpr auto* envelope = R"("model":"claude-opus-5-5","stream":true,)";
    const auto traits = find_model("claude-opus-5-5").traits;
    std::vector<std::string> history{user_message("hello", false)};
    const auto first = request_body(envelope, traits, "be good", history);
    history.push_back(R"({"role":"assistant","content":[{"type":"text",  "text":"odd spacing"}]})");
    history.push_back(user_message("more", false));
    const auto second = request_body(envelope, traits, "be good", history);
    CHECK(second.starts_with(first.substr(0, first.size() - 2)));
    CHECK(
        first ==
        R"({"model":"claude-opus-5-5","stream":true,"max_tokens":32000,"cache_control":{"type":"ephemeral"},"thinking":{"type":"adaptive"},"tools":[{"type":"computer_toolset_20260801"},{"type":"bash_20250124","name":"bash"},{"type":"text_editor_20250728","name":"str_replace_based_edit_tool"}],"system":[{"type":"text","text":"be good","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]})");
}
