#include "agent/history.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"

namespace carrel::agent {

namespace {

// Every message begins with its role, and every picture of ours with these bytes: inside of a JSON
// string the quotes would be escaped, so they can be found without parsing megabytes.
constexpr std::string_view user_start = R"({"role":"user",)";
constexpr std::string_view assistant_start = R"({"role":"assistant",)";
constexpr std::string_view results_start = R"({"role":"user","content":[{"type":"tool_result",)";
constexpr std::string_view picture_start = R"({"type":"image","source":)";

std::string text_block(std::string_view text) {
    return fmt::format(R"({{"type":"text","text":{}}})", json::quote(text));
}

std::string picture_block(const Picture& picture) {
    return fmt::format(R"({}{{"type":"base64","media_type":{},"data":"{}"}}}})", picture_start,
                       json::quote(picture.media_type), core::to_base64(picture.bytes));
}

std::string result_block(const Answered& answered) {
    const auto& [use, result] = answered;
    std::string content;
    if (!result.text.empty()) content = text_block(result.text);
    if (result.picture) content += (content.empty() ? "" : ",") + picture_block(*result.picture);
    return fmt::format(R"({{"type":"tool_result","tool_use_id":{}{}{},"content":[{}]}})", json::quote(use.id),
                       use.toolset.empty() ? "" : R"(,"toolset_name":)" + json::quote(use.toolset),
                       result.is_error ? R"(,"is_error":true)" : "", content);
}

}  // namespace

std::string user_message(std::string_view text, bool after_interruption) {
    const auto note = after_interruption ? text_block(interrupted_turn) + "," : std::string{};
    return fmt::format(R"({}"content":[{}{}]}})", user_start, note, text_block(text));
}

std::string assistant_message(std::span<const Block> blocks) {
    std::string message{assistant_start};
    message += R"("content":[)";
    for (const auto& block : blocks) {
        if (&block != blocks.data()) message += ',';
        message += block.raw;
    }
    return message + "]}";
}

std::string results_message(std::span<const Answered> answered) {
    std::string message{user_start};
    message += R"("content":[)";
    for (const auto& one : answered) {
        if (&one != answered.data()) message += ',';
        message += result_block(one);
    }
    return message + "]}";
}

ToolResult interrupted_result() { return {std::string{interrupted_call}, {}, true}; }

core::Expected<ToolUse> parse_tool_use(std::string_view raw_block) {
    const auto value = json::parse(raw_block);
    if (!value) return std::unexpected{value.error()};
    const auto* input = json::find(*value, "input");
    ToolUse use{.id = std::string{json::text_or(*value, "id")},
                .name = std::string{json::text_or(*value, "name")},
                .toolset = std::string{json::text_or(*value, "toolset_name")},
                .input = {}};
    if (use.id.empty() || use.name.empty() || !input || !input->is_object())
        return core::refuse("a tool call needs an id, a name and an input that is an object");
    use.input = input->get_object();
    return use;
}

std::vector<ToolUse> unanswered_calls(std::span<const std::string> messages) {
    if (messages.empty() || !messages.back().starts_with(assistant_start)) return {};
    const auto message = json::parse(messages.back());
    const auto* content = message ? json::find(*message, "content") : nullptr;
    if (!content || !content->is_array()) return {};
    std::vector<ToolUse> calls;
    for (const auto& block : content->get_array())
        if (json::text_or(block, "type") == "tool_use")
            if (auto use = parse_tool_use(json::to_text(block))) calls.push_back(std::move(*use));
    return calls;
}

bool ends_without_answer(std::span<const std::string> messages) {
    return !messages.empty() && messages.back().starts_with(user_start);
}

std::size_t count_pictures(std::span<const std::string> messages) {
    std::size_t count = 0;
    for (const auto& message : messages)
        for (auto at = message.find(picture_start); at != message.npos;
             at = message.find(picture_start, at + picture_start.size()))
            ++count;
    return count;
}

std::optional<std::string> person_text(std::string_view raw_message) {
    if (!raw_message.starts_with(user_start) || raw_message.starts_with(results_start)) return std::nullopt;
    const auto message = json::parse(raw_message);
    const auto* content = message ? json::find(*message, "content") : nullptr;
    if (!content || !content->is_array() || content->get_array().empty()) return std::nullopt;
    return std::string{json::text_or(content->get_array().back(), "text")};
}

}  // namespace carrel::agent
