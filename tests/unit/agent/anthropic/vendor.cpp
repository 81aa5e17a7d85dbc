#include "tests/unit/agent/anthropic/vendor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "core/error.hpp"
#include "net/sse.hpp"

namespace carrel::tests {

namespace {

/// What no request may hold, though it breaks no rule that anybody wrote down.
constexpr std::string_view poison = "POISON";

bool is_white(std::string_view text) {
    static const std::vector<std::string> spaces{" ",      "\t",     "\n",     "\v",     "\f",     "\r",
                                                 "\u0085", "\u00a0", "\u2003", "\u2028", "\u202f", "\u3000"};
    while (!text.empty()) {
        const auto found =
            std::ranges::find_if(spaces, [&](const auto& space) { return text.starts_with(space); });
        if (found == spaces.end()) return false;
        text.remove_prefix(found->size());
    }
    return true;
}

bool is_id(std::string_view text) {
    return !text.empty() && text.find_first_not_of(
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-") == text.npos;
}

std::uint64_t mix(std::uint64_t hash, std::string_view text) {
    return (hash ^ std::hash<std::string_view>{}(text)) * 0x9e3779b97f4a7c15U + 1;
}

/// The message's text without cache marks, which belong to a request and not to the history.
std::string unmarked(const json::Value& message) {
    auto text = json::to_text(message);
    constexpr std::string_view mark = R"(,"cache_control":{"type":"ephemeral"})";
    if (const auto at = text.find(mark); at != text.npos) text.erase(at, mark.size());
    return text;
}

class Pieces final : public net::Source {
public:
    Pieces(std::string text, std::size_t piece, bool is_broken)
        : text_{std::move(text)}, piece_{piece}, is_broken_{is_broken} {}
    async::Task<std::size_t> read(std::span<char> into) override {
        const auto count = text_.copy(into.data(), std::min(into.size(), piece_), at_);
        at_ += count;
        if (count == 0 && is_broken_)
            throw core::Error{core::Code::unavailable, "the connection broke off", "connection_error"};
        co_return count;
    }

private:
    std::string text_;
    std::size_t piece_;
    bool is_broken_;
    std::size_t at_ = 0;
};

}  // namespace

// --- judging ----------------------------------------------------------------------------------------

void Judge::demand(bool is_so, std::string_view what) {
    if (!is_so && fault_.empty()) fault_ = what;
}

std::string Judge::find_fault(std::string_view body) {
    fault_.clear();
    place_ = 0;
    seen_.clear();
    due_.clear();
    made_.clear();
    role_.clear();
    pictures_ = 0;
    demand(body.size() <= most_bytes, "the request is too large");
    boost::json::error_code failure;
    const auto value = boost::json::parse(body, failure);
    demand(!failure, "the request is no JSON");
    if (!failure) judge(value);
    std::size_t marks = 0;
    for (auto at = body.find(R"("cache_control")"); at != body.npos;
         at = body.find(R"("cache_control")", at + 1))
        ++marks;
    demand(marks <= 4, "there are more than four cache marks");
    return fault_;
}

void Judge::judge(const json::Value& body) {
    const auto* messages = json::find(body, "messages");
    demand(messages && messages->is_array() && !messages->get_array().empty(), "there is no message");
    if (!fault_.empty()) return;
    std::uint64_t before_last = 0;
    std::size_t blocks = 0;
    for (const auto& message : messages->get_array()) {
        const auto role = json::text_or(message, "role");
        demand(role == "user" || role == "assistant", "there is another role");
        demand(!role_.empty() || role == "user", "the first message is not a person's");
        if (role != role_) end_turn();
        role_ = role;
        const auto* content = json::find(message, "content");
        demand(content && content->is_array() && !content->get_array().empty(), "there is an empty content");
        if (!fault_.empty()) return;
        role == "user" ? judge_user(content->get_array()) : judge_answer(content->get_array());
        blocks = content->get_array().size();
        before_last = std::exchange(place_, mix(place_, unmarked(message)));
    }
    if (role_ == "user") end_turn();
    const auto paused = paused_.find(before_last);
    demand(role_ == "user" || (made_.empty() && paused != paused_.end() && paused->second == blocks),
           "the last message is the model's");
    demand(pictures_ <= most_pictures, "there are too many pictures");
}

void Judge::end_turn() {
    demand(role_ != "user" || due_.empty(), "a call has no result in the next message");
    due_ = std::exchange(made_, {});
    has_text_ = false;
}

void Judge::judge_text(const json::Value& block) {
    demand(!is_white(json::text_or(block, "text")), "there is a text of white space");
}

void Judge::judge_user(const json::Array& content) {
    for (const auto& block : content) {
        const auto type = json::text_or(block, "type");
        if (type == "tool_result") {
            judge_result(block);
            continue;
        }
        demand(type == "text", "a person's message holds something else than text");
        judge_text(block);
        has_text_ = true;
    }
}

void Judge::judge_result(const json::Value& block) {
    demand(!has_text_, "a result stands behind text");
    const std::string id{json::text_or(block, "tool_use_id")};
    const auto call = due_.find(id);
    demand(call != due_.end(), "there is a result without its call");
    if (call == due_.end()) return;
    demand(json::text_or(block, "toolset_name") == call->second, "a result names another toolset");
    due_.erase(call);
    const auto* parts = json::find(block, "content");
    demand(parts && parts->is_array() && !parts->get_array().empty(), "there is an empty result");
    if (!fault_.empty()) return;
    for (const auto& part : parts->get_array()) {
        if (json::text_or(part, "type") == "text") {
            judge_text(part);
            continue;
        }
        ++pictures_;
        demand(json::text_or(part, "type") == "image",
               "a result holds something else than text and pictures");
        demand(!json::flag_of(block, "is_error"), "an error holds a picture");
        const auto* source = json::find(part, "source");
        demand(source && json::text_or(*source, "media_type") == "image/png" &&
                   json::text_or(*source, "data").starts_with("iVBORw0KGg"),
               "a picture is not what it says");
        demand(source && json::text_or(*source, "data").size() <= 5'000'000, "a picture is too large");
    }
}

void Judge::judge_answer(const json::Array& content) {
    for (const auto& block : content) {
        const auto type = json::text_or(block, "type");
        demand(!type.empty(), "a block has no type");
        if (type == "text") judge_text(block);
        if (type == "tool_use") judge_call(block);
        if (type == "redacted_thinking")
            demand(!json::text_or(block, "data").empty(), "a hidden thought is empty");
        if (type != "thinking") continue;
        const auto given = signed_.find(std::string{json::text_or(block, "signature")});
        demand(given != signed_.end(), "a thought is not signed");
        demand(given == signed_.end() || given->second == place_,
               "a thought stands where it was not thought");
    }
    const auto last = json::text_or(content.back(), "type");
    demand(!last.ends_with("thinking"), "the last block of an answer is a thought");
}

void Judge::judge_call(const json::Value& block) {
    const std::string id{json::text_or(block, "id")};
    const auto toolset = json::text_or(block, "toolset_name");
    demand(is_id(id), "a call has no well-formed id");
    demand(seen_.insert(id).second, "an id stands twice");
    demand(is_id(json::text_or(block, "name")), "a call has no name");
    const auto* input = json::find(block, "input");
    demand(input && input->is_object(), "an input is no object");
    demand(toolset.empty() || toolset == "computer", "there is no such toolset");
    made_.emplace(id, toolset);
}

// --- answering --------------------------------------------------------------------------------------

outbound::Reply Vendor::refuse(int status, std::string_view type) {
    net::Headers headers;
    headers.add("retry-after-ms", "0");
    const auto text = fmt::format(R"({{"type":"error","error":{{"type":"{}","message":"no"}}}})", type);
    return {status, std::move(headers), std::make_unique<Pieces>(text, 4096, false)};
}

outbound::Reply Vendor::stream(std::string text, bool is_broken) {
    // Byte by byte is dear, and every cut happens with larger pieces, too.
    const std::size_t piece = dice_.chance(2) ? 1 : 7 + dice_.number(4090);
    return {200,
            {{"Content-Type", "text/event-stream"}},
            std::make_unique<Pieces>(std::move(text), piece, is_broken)};
}

async::Task<outbound::Reply> Vendor::send(outbound::Call call) {
    ++requests;
    const auto fault = judge_.find_fault(call.body);
    if (!fault.empty()) {
        faults.push_back(fault + ": " + call.body.substr(0, 4000));
        co_return refuse(400, "invalid_request_error");
    }
    if (call.body.find(poison) != call.body.npos) co_return refuse(400, "invalid_request_error");
    if (is_kind) co_return stream(kind_answer(), false);
    struct Refusal {
        int status;
        std::string_view type;
        std::size_t chance;
    };
    constexpr std::array refusals{
        Refusal{400, "invalid_request_error", 2}, Refusal{413, "request_too_large", 2},
        Refusal{529, "overloaded_error", 3},      Refusal{500, "api_error", 2},
        Refusal{401, "authentication_error", 1},  Refusal{429, "rate_limit_error", 1}};
    for (const auto& [status, type, chance] : refusals)
        if (dice_.chance(chance)) co_return refuse(status, type);
    if (dice_.chance(1)) throw core::Error{core::Code::unavailable, "no connection", "connection_error"};
    auto answer = wild_answer();
    const bool is_cut = dice_.chance(8);
    if (is_cut) answer.resize(dice_.number(answer.size()));
    co_return stream(std::move(answer), is_cut && dice_.chance(50));
}

namespace {

std::string frame(std::string_view event) {
    const auto type = event.substr(9, event.find('"', 9) - 9);
    return net::sse_frame(std::nullopt, std::string{type}, event);
}

constexpr std::string_view beginning =
    R"({"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":1}}})";

std::string ending(std::string_view reason) {
    return frame(fmt::format(
               R"({{"type":"message_delta","delta":{{"stop_reason":"{}"}},"usage":{{"output_tokens":5}}}})",
               reason)) +
           frame(R"({"type":"message_stop"})");
}

std::string block_events(std::size_t index, std::string_view start, const std::vector<std::string>& deltas,
                         bool is_closed = true) {
    auto text =
        frame(fmt::format(R"({{"type":"content_block_start","index":{},"content_block":{}}})", index, start));
    for (const auto& delta : deltas)
        text += frame(fmt::format(R"({{"type":"content_block_delta","index":{},"delta":{}}})", index, delta));
    if (is_closed) text += frame(fmt::format(R"({{"type":"content_block_stop","index":{}}})", index));
    return text;
}

std::string text_delta(std::string_view text) {
    return fmt::format(R"({{"type":"text_delta","text":"{}"}})", text);
}

}  // namespace

std::string Vendor::kind_answer() {
    return frame(beginning) + block_events(0, R"({"type":"text","text":""})", {text_delta("fine")}) +
           ending("end_turn");
}

std::string Vendor::wild_answer() {
    static const std::vector<std::string> reasons{"end_turn",
                                                  "end_turn",
                                                  "tool_use",
                                                  "tool_use",
                                                  "max_tokens",
                                                  "stop_sequence",
                                                  "pause_turn",
                                                  "refusal",
                                                  "model_context_window_exceeded",
                                                  "brand_new",
                                                  ""};
    std::string answer = frame(beginning);
    const auto count = dice_.number(5);
    for (std::size_t i = 0; i < count; ++i) answer += wild_block(i);
    if (dice_.chance(10)) answer += frame(R"({"type":"ping"})");
    if (dice_.chance(3)) answer += frame(R"({"type":"an_event_of_the_future","index":0})");
    if (dice_.chance(1)) answer += frame(beginning);
    if (dice_.chance(2))
        answer += frame(fmt::format(R"({{"type":"error","error":{{"type":"{}","message":"no"}}}})",
                                    dice_.chance(50) ? "overloaded_error" : "invalid_request_error"));
    const auto& reason = dice_.of(reasons);
    if (reason == "pause_turn") judge_.pause(count);
    return answer + ending(reason);
}

std::string Vendor::wild_block(std::size_t index) {
    static const std::vector<std::string> texts{"I look.",
                                                "",
                                                " ",
                                                "\\n\\t",
                                                "\\u00a0",
                                                "\\u3000",
                                                "\\f",
                                                "\\u000b",
                                                "\\u2003\\u0085",
                                                "a\\ud800b",
                                                "\\ud83d\\ude42",
                                                "{}[]\\\"\\\\",
                                                "POISON"};
    switch (dice_.number(8)) {
        case 0:
        case 1: {
            auto text = dice_.of(texts);
            if (text == "POISON" && dice_.chance(70)) text = "Well.";
            if (dice_.chance(1)) text = std::string(20'000, 'x');
            return block_events(index, R"({"type":"text","text":""})", {text_delta(text)}, !dice_.chance(5));
        }
        case 2:
        case 3: {
            const auto signature = fmt::format("sig{}", dice_.number(1U << 30));
            std::vector<std::string> deltas{R"({"type":"thinking_delta","thinking":"hm"})"};
            if (dice_.chance(80)) {
                judge_.sign(signature);
                deltas.push_back(fmt::format(R"({{"type":"signature_delta","signature":"{}"}})", signature));
            }
            return block_events(index, R"({"type":"thinking","thinking":"","signature":""})", deltas);
        }
        case 4:
            return block_events(index,
                                dice_.chance(50) ? R"({"type":"redacted_thinking","data":"x"})"
                                                 : R"({"type":"redacted_thinking","data":""})",
                                {});
        case 5:
            return block_events(index,
                                dice_.chance(30)   ? R"({"type":"novel","what":"POISON"})"
                                : dice_.chance(50) ? R"({"type":"novel","what":"harmless"})"
                                                   : R"({"nothing":1})",
                                {R"({"type":"unheard_of_delta"})"});
        default: return wild_call(index);
    }
}

std::string Vendor::wild_call(std::size_t index) {
    static const std::vector<std::string> names{"screenshot",   "screenshot", "left_click", "bash",
                                                "no_such_tool", "",           "two words",  "wait_for_godot"};
    static const std::vector<std::string> inputs{
        "",
        "{}",
        R"({"coordinate":[1,1]})",
        R"({"command":"x"})",
        "[1]",
        "null",
        R"({"text":"\ud800"})",
        R"({"a":1,"a":2})",
        R"({"command":)",
        R"({"a":1e999})",
        R"({"a":)" + std::string(90, '[') + std::string(90, ']') + "}"};
    auto id = fmt::format("toolu_{}", dice_.number(1U << 30));
    if (dice_.chance(10) && !given_ids_.empty()) id = dice_.of(given_ids_);
    if (dice_.chance(2)) id = "not an id";
    given_ids_.push_back(id);
    const auto& name = dice_.of(names);
    const bool is_computer =
        name == "screenshot" || name == "left_click" || (name != "bash" && dice_.chance(10));
    const auto start =
        fmt::format(R"({{"type":"tool_use",{}"name":"{}",{}"input":{}}})",
                    dice_.chance(2) ? "" : fmt::format(R"("id":"{}",)", id), name,
                    is_computer ? R"("toolset_name":"computer",)" : "", dice_.chance(97) ? "{}" : "[]");
    const auto delta =
        fmt::format(R"({{"type":"input_json_delta","partial_json":{}}})", json::quote(dice_.of(inputs)));
    return block_events(index, start, {delta}, !dice_.chance(5));
}

}  // namespace carrel::tests
