#include "agent/anthropic/stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/text.hpp"

namespace carrel::agent::anthropic {

namespace {

/// More than any model writes in one answer.
constexpr std::size_t most_bytes = std::size_t{32} << 20;

StreamFault bad(std::string message) { return {"bad_stream", std::move(message)}; }

const json::Value& member(const json::Value& value, std::string_view name) {
    static const json::Value none;
    const auto* found = json::find(value, name);
    return found ? *found : none;
}

bool is_tool_use(const json::Object& block) { return json::text_or(block, "type").ends_with("tool_use"); }

/// The text of a member, or "" when there is none.
std::string text_in(const json::Object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string{value->get_string()} : std::string{};
}

/// The number that the four hex digits of an escape \uXXXX at `at` say; 0 when there is none.
unsigned escaped_unit(std::string_view text, std::size_t at) {
    unsigned unit = 0;
    if (at + 6 > text.size() || text.substr(at, 2) != "\\u") return 0;
    const auto digits = text.substr(at + 2, 4);
    const auto read = std::from_chars(digits.begin(), digits.end(), unit, 16);
    return read.ptr == digits.end() ? unit : 0;
}

/// The same JSON with U+FFFD for each half of a character: programs that count in UTF-16 cut texts so, and a
/// strict reader refuses all of such an event.
std::string with_whole_characters(std::string_view event) {
    auto text = core::repair_utf8(event);
    const auto is_high = [](unsigned unit) { return unit >= 0xd800 && unit < 0xdc00; };
    const auto is_low = [](unsigned unit) { return unit >= 0xdc00 && unit < 0xe000; };
    for (std::size_t at = text.find('\\'); at != text.npos; at = text.find('\\', at)) {
        const auto unit = escaped_unit(text, at);
        const bool is_pair = is_high(unit) && is_low(escaped_unit(text, at + 6));
        if (!is_pair && (is_high(unit) || is_low(unit))) text.replace(at, 6, "\\ufffd");
        at += is_pair ? 12 : 2;
    }
    return text;
}

void read_count(const json::Value& usage, std::string_view name, std::int64_t& to) {
    if (const auto* count = json::find(usage, name); count && count->is_int64()) to = count->get_int64();
}

}  // namespace

std::optional<StreamFault> AnswerBuilder::take(std::string_view event) {
    size_ += event.size();
    // Not worth another try, which would be paid for again.
    if (size_ > most_bytes)
        return StreamFault{"answer_too_large", fmt::format("more than {} bytes", most_bytes)};
    auto parsed = json::parse(event);
    if (!parsed) parsed = json::parse(with_whole_characters(event));
    if (!parsed) return bad(fmt::format("an event is {}", parsed.error().message()));
    const auto type = json::text_or(*parsed, "type");
    if (type == "error") {
        const auto& error = member(*parsed, "error");
        return StreamFault{std::string{json::text_or(error, "type", "api_error")},
                           std::string{json::text_or(error, "message")}};
    }
    if (type == "message_start") return start_message(*parsed);
    if (type == "content_block_start") return start_block(*parsed);
    if (type == "content_block_delta") return extend_block(*parsed);
    if (type == "content_block_stop") return close_block(*parsed);
    if (type == "message_delta") read_end(*parsed);
    if (type == "message_stop") is_complete_ = true;
    return std::nullopt;
}

std::optional<StreamFault> AnswerBuilder::start_message(const json::Value& event) {
    if (has_started_) return bad("message_start came twice");
    has_started_ = true;
    read_usage(json::find(member(event, "message"), "usage"));
    return std::nullopt;
}

std::optional<StreamFault> AnswerBuilder::start_block(const json::Value& event) {
    const auto& start = member(event, "content_block");
    const auto& index = member(event, "index");
    if (!has_started_ || !start.is_object() || !index.is_int64())
        return bad("content_block_start is not whole");
    if (find_block(event)) return bad("content_block_start came twice for one index");
    OpenBlock block{.index = index.get_int64(), .start = start.get_object()};
    const bool is_thinking = json::text_or(start, "type") == "thinking";
    block.text = text_in(block.start, is_thinking ? "thinking" : "text");
    block.signature = text_in(block.start, "signature");
    if (!block.text.empty()) is_thinking ? progress_.thinking(block.text) : progress_.text(block.text);
    blocks_.push_back(std::move(block));
    return std::nullopt;
}

std::optional<StreamFault> AnswerBuilder::extend_block(const json::Value& event) {
    auto* block = find_block(event);
    if (!block || block->is_closed) return bad("content_block_delta for a block that is not open");
    const auto& delta = member(event, "delta");
    const auto type = json::text_or(delta, "type");
    if (type == "text_delta") {
        block->text += json::text_or(delta, "text");
        progress_.text(json::text_or(delta, "text"));
    } else if (type == "thinking_delta") {
        block->text += json::text_or(delta, "thinking");
        progress_.thinking(json::text_or(delta, "thinking"));
    } else if (type == "signature_delta") {
        block->signature += json::text_or(delta, "signature");
    } else if (type == "input_json_delta") {
        block->input += json::text_or(delta, "partial_json");
    } else if (type == "citations_delta") {
        block->citations.push_back(member(delta, "citation"));
    }
    return std::nullopt;
}

std::optional<StreamFault> AnswerBuilder::close_block(const json::Value& event) {
    auto* block = find_block(event);
    if (!block || block->is_closed) return bad("content_block_stop for a block that is not open");
    block->is_closed = true;
    return std::nullopt;
}

void AnswerBuilder::read_end(const json::Value& event) {
    const auto& delta = member(event, "delta");
    if (const auto reason = json::text_or(delta, "stop_reason"); !reason.empty()) stop_reason_ = reason;
    read_usage(json::find(event, "usage"));
}

void AnswerBuilder::read_usage(const json::Value* usage) {
    if (!usage) return;
    // Counts are cumulative: the last one of each stands.
    read_count(*usage, "input_tokens", usage_.input_tokens);
    read_count(*usage, "output_tokens", usage_.output_tokens);
    read_count(*usage, "cache_read_input_tokens", usage_.cache_read_input_tokens);
    read_count(*usage, "cache_creation_input_tokens", usage_.cache_creation_input_tokens);
}

AnswerBuilder::OpenBlock* AnswerBuilder::find_block(const json::Value& event) {
    const auto& index = member(event, "index");
    if (!index.is_int64()) return nullptr;
    const auto found = std::ranges::find(blocks_, index.get_int64(), &OpenBlock::index);
    return found == blocks_.end() ? nullptr : &*found;
}

std::string AnswerBuilder::raw_of(const OpenBlock& block, std::string_view input) {
    auto object = block.start;
    if (object.contains("text")) object["text"] = block.text;
    if (object.contains("thinking")) object["thinking"] = block.text;
    if (!block.signature.empty()) object["signature"] = block.signature;
    if (!block.citations.empty()) object["citations"] = block.citations;
    std::string raw = "{";
    for (const auto& entry : object) {
        if (raw.size() > 1) raw += ',';
        raw += json::to_text(json::Value(entry.key()));
        raw += ':';
        const bool is_input = entry.key() == "input" && !input.empty();
        raw += is_input ? std::string{input} : json::to_text(entry.value());
    }
    return raw + "}";
}

/// Why the call cannot be made as it came; nothing when it can.
std::string AnswerBuilder::problem_of(const OpenBlock& call) {
    if (!call.is_closed) return "it was cut off";
    if (call.input.empty()) return {};
    const auto input = json::parse(call.input);
    if (!input) return "its input is " + input.error().message();
    return input->is_object() ? "" : "its input is not a JSON object";
}

std::expected<Answer, StreamFault> AnswerBuilder::finish() {
    if (!is_complete_) return std::unexpected{bad("the answer broke off")};
    Answer answer{.blocks = {}, .stop_reason = stop_reason_, .usage = usage_, .lost_tool_use = false};
    for (const auto& block : blocks_) {
        auto problem = is_tool_use(block.start) ? problem_of(block) : "";
        if (!problem.empty() && stop_reason_ == "max_tokens") {
            answer.lost_tool_use = true;
            continue;
        }
        auto raw = raw_of(block, problem.empty() ? block.input : "{}");
        answer.blocks.push_back(
            {std::string{json::text_or(block.start, "type")}, std::move(raw), std::move(problem)});
    }
    return answer;
}

}  // namespace carrel::agent::anthropic
