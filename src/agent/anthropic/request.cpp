#include "agent/anthropic/request.hpp"

#include <fmt/format.h>

#include "json/parse.hpp"

namespace carrel::agent::anthropic {

namespace {

constexpr std::string_view tools =
    R"([{"type":"computer_toolset_20260801"},{"type":"bash_20250124","name":"bash"},)"
    R"({"type":"text_editor_20250728","name":"str_replace_based_edit_tool"}])";

}  // namespace

std::string request_body(std::string_view envelope, const ModelTraits& traits, std::string_view system,
                         std::span<const std::string> messages) {
    std::size_t size = system.size() + 1024;
    for (const auto& message : messages) size += message.size() + 1;
    std::string body;
    body.reserve(size);
    body += fmt::format(R"({{{}"max_tokens":{},"cache_control":{{"type":"ephemeral"}},)", envelope,
                        traits.max_tokens);
    if (traits.thinking == Thinking::adaptive) body += R"("thinking":{"type":"adaptive"},)";
    body += fmt::format(R"("tools":{},)", tools);
    body += fmt::format(R"("system":[{{"type":"text","text":{},"cache_control":{{"type":"ephemeral"}}}}],)",
                        json::quote(system));
    body += R"("messages":[)";
    for (const auto& message : messages) {
        if (&message != messages.data()) body += ',';
        body += message;
    }
    return body + "]}";
}

}  // namespace carrel::agent::anthropic
