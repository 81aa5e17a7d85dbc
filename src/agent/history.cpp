#include "agent/history.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "agent/rules.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace carrel::agent {

namespace {

// Every message begins with its role, and every picture of ours with these bytes: inside of a JSON
// string the quotes would be escaped, so they can be found without parsing megabytes.
constexpr std::string_view user_start = R"({"role":"user",)";
constexpr std::string_view assistant_start = R"({"role":"assistant",)";
constexpr std::string_view results_start = R"({"role":"user","content":[{"type":"tool_result",)";
constexpr std::string_view result_start = R"({"type":"tool_result","tool_use_id":")";
constexpr std::string_view picture_start = R"({"type":"image","source":)";

/// Deeper than what agent/rules lets pass.
constexpr std::size_t message_depth = 100;

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

std::string text_block(std::string_view text) {
    return fmt::format(R"({{"type":"text","text":{}}})", json::quote(text));
}

std::string user_message(std::string_view text, bool after_interruption, bool after_sleep) {
    auto note = after_interruption ? text_block(interrupted_turn) + "," : std::string{};
    if (after_sleep) note += text_block(desk_slept) + ",";
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
    const auto value = json::parse(raw_block, message_depth);
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

std::vector<ToolUse> unanswered_calls(std::string_view last_message) {
    if (!is_answer(last_message)) return {};
    std::vector<ToolUse> calls;
    for (const auto raw : raw_blocks(last_message))
        if (const auto block = json::parse(raw, message_depth);
            block && json::text_or(*block, "type") == "tool_use")
            if (auto use = parse_tool_use(raw)) calls.push_back(std::move(*use));
    return calls;
}

std::optional<std::string> healing_message(std::string_view last_message, const KnownResults& known) {
    std::vector<Answered> answered;
    for (auto& use : unanswered_calls(last_message)) {
        const auto found = known.find(use.id);
        auto result = found == known.end() ? interrupted_result() : found->second;
        answered.push_back({std::move(use), make_lawful(std::move(result))});
    }
    if (answered.empty()) return std::nullopt;
    return results_message(answered);
}

bool is_answer(std::string_view raw_message) { return raw_message.starts_with(assistant_start); }

bool ends_without_answer(std::string_view last_message) { return last_message.starts_with(user_start); }

std::vector<std::string_view> find_pictures(std::string_view raw_message) {
    std::vector<std::string_view> pictures;
    for (auto at = raw_message.find(picture_start); at != raw_message.npos;
         at = raw_message.find(picture_start, at)) {
        // Base64 holds no brace.
        const auto end = std::min(raw_message.find("}}", at), raw_message.size() - 2) + 2;
        pictures.push_back(raw_message.substr(at, end - at));
        at = end;
    }
    return pictures;
}

Survey survey(std::span<const std::string> messages) {
    Survey found;
    for (const std::string_view message : messages) {
        found.bytes += message.size();
        if (!message.starts_with(results_start)) continue;
        found.pictures += find_pictures(message).size();
        for (auto at = message.find(result_start); at != message.npos; at = message.find(result_start, at)) {
            at += result_start.size();
            found.call_ids.emplace(message.substr(at, message.find('"', at) - at));
        }
    }
    return found;
}

std::vector<std::string_view> raw_blocks(std::string_view raw_message) {
    std::vector<std::string_view> blocks;
    int depth = 0;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < raw_message.size(); ++at) {
        const char c = raw_message[at];
        if (c == '"') {
            for (++at; at < raw_message.size() && raw_message[at] != '"'; ++at)
                if (raw_message[at] == '\\') ++at;
        } else if (c == '{' || c == '[') {
            // The message, its content, a block.
            if (++depth == 3) begin = at;
        } else if (c == '}' || c == ']') {
            if (depth-- == 3) blocks.push_back(raw_message.substr(begin, at + 1 - begin));
        }
    }
    return blocks;
}

std::optional<std::string> person_text(std::string_view raw_message) {
    if (!raw_message.starts_with(user_start) || raw_message.starts_with(results_start)) return std::nullopt;
    const auto message = json::parse(raw_message);
    const auto* content = message ? json::find(*message, "content") : nullptr;
    if (!content || !content->is_array() || content->get_array().empty()) return std::nullopt;
    return std::string{json::text_or(content->get_array().back(), "text")};
}

}  // namespace carrel::agent
