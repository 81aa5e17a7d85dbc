#include "agent/anthropic_request.hpp"

#include <fmt/format.h>

#include "json/parse.hpp"

namespace carrel::agent {

namespace {

std::string quoted(std::string_view text) { return json::to_text(json::Value(text)); }

constexpr std::string_view tools =
    R"([{"type":"computer_toolset_20260801"},{"type":"bash_20250124","name":"bash"},)"
    R"({"type":"text_editor_20250728","name":"str_replace_based_edit_tool"}])";

}  // namespace

std::string request_body(const ModelTraits& traits, std::string_view model, std::string_view system,
                         std::span<const std::string> messages) {
    std::size_t size = system.size() + 1024;
    for (const auto& message : messages) size += message.size() + 1;
    std::string body;
    body.reserve(size);
    body +=
        fmt::format(R"({{"model":{},"max_tokens":{},"stream":true,"cache_control":{{"type":"ephemeral"}},)",
                    quoted(model), traits.max_tokens);
    if (traits.thinking == Thinking::adaptive) body += R"("thinking":{"type":"adaptive"},)";
    body += fmt::format(R"("tools":{},)", tools);
    body += fmt::format(R"("system":[{{"type":"text","text":{},"cache_control":{{"type":"ephemeral"}}}}],)",
                        quoted(system));
    body += R"("messages":[)";
    for (const auto& message : messages) {
        if (&message != messages.data()) body += ',';
        body += message;
    }
    return body + "]}";
}

net::Headers request_headers(std::string_view key) {
    return {{"Content-Type", "application/json"},
            {"Accept", "text/event-stream"},
            {"anthropic-version", "2023-06-01"},
            {"x-api-key", std::string{key}},
            {"User-Agent", "carrel"}};
}

std::string messages_url(std::string_view base_url) {
    while (base_url.ends_with('/')) base_url.remove_suffix(1);
    return fmt::format("{}/v1/messages", base_url);
}

}  // namespace carrel::agent
