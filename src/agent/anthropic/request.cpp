#include "agent/anthropic/request.hpp"

#include <fmt/format.h>

#include "agent/history.hpp"
#include "json/parse.hpp"

namespace carrel::agent::anthropic {

namespace {

/// The vendor's own, whose contracts the vendor keeps, and one of ours (agent/shell_tools says why).
constexpr std::string_view computer_toolset = R"({"type":"computer_toolset_20260801"},)";
constexpr std::string_view other_tools =
    R"({"type":"bash_20250124","name":"bash"},)"
    R"({"type":"text_editor_20250728","name":"str_replace_based_edit_tool"},)"
    R"({"name":"bash_answer","description":"Types on the terminal of the bash tool, for a command that waits )"
    R"(for input there, such as a password or yes or no. The result of bash says when one does, and what it )"
    R"(asks. Answers as bash does: with the end of the command, or with what it asks next. Only for a command )"
    R"(that waits; anything else is a command of bash.","input_schema":{"type":"object","properties":{)"
    R"("text":{"type":"string","description":"What is typed. \\u0003 (Control-C) without Enter ends most )"
    R"(programs."},"enter":{"type":"boolean","description":"Whether Enter is pressed after it; true when left )"
    R"(out."}},"required":["text"],"additionalProperties":false}}])";

constexpr std::string_view cache_mark = R"(,"cache_control":{"type":"ephemeral"})";

/// The message that the request before the last answer ended with; `messages.size()` when there is none.
std::size_t find_end_of_last_request(std::span<const std::string> messages) {
    for (auto at = messages.size(); at-- > 1;)
        if (is_answer(messages[at]) && !is_answer(messages[at - 1])) return at - 1;
    return messages.size();
}

}  // namespace

std::string request_body(std::string_view envelope, const ModelTraits& traits, std::string_view system,
                         std::span<const std::string> messages, bool has_display) {
    std::size_t size = system.size() + 1024;
    for (const auto& message : messages) size += message.size() + 1;
    std::string body;
    body.reserve(size);
    body += fmt::format(R"({{{}"max_tokens":{},"cache_control":{{"type":"ephemeral"}},)", envelope,
                        traits.max_tokens);
    if (traits.thinking == Thinking::adaptive) body += R"("thinking":{"type":"adaptive"},)";
    body += fmt::format(R"("tools":[{}{},)", has_display ? computer_toolset : "", other_tools);
    body += fmt::format(R"("system":[{{"type":"text","text":{},"cache_control":{{"type":"ephemeral"}}}}],)",
                        json::quote(system));
    body += R"("messages":[)";
    const auto marked = find_end_of_last_request(messages);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (i > 0) body += ',';
        body += messages[i];
        // Into its last block, before the ends of block, list and message.
        if (i == marked) body.insert(body.size() - 3, cache_mark);
    }
    return body + "]}";
}

}  // namespace carrel::agent::anthropic
