#include "session/conversation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace carrel::session {

namespace {

std::string text_in(const json::Value& data, std::string_view name) {
    return std::string{json::text_or(data, name)};
}

/// The id of the n-th message that answers message `id`: 48 bits derived from it, so that it needs no
/// place in the store.
std::string derived_id(std::string_view id, std::uint64_t n) {
    const auto digits = id.substr(id.find('_') + 1);
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio: spreads neighbours
    return fmt::format("msg_{:012x}", (number + n * odd) & 0xffff'ffff'ffff);
}

class Reader {
public:
    std::vector<Message> read(const std::vector<store::Event>& events) {
        for (const auto& event : events)
            if (const auto data = json::parse(event.data)) take(event.name, *data);
        end_answer();
        return std::move(messages_);
    }

private:
    void take(std::string_view name, const json::Value& data) {
        if (name == "user_message") return begin(data);
        if (name == "text" || name == "thinking") return grow(name, data);
        if (name == "tool_use") return add_call(data);
        if (name == "tool_result") return add_result(data);
        if (name == "usage") kept_ = blocks_.size();
        if (name == "status" && !json::find(data, "code"))
            blocks_.resize(kept_);  // asked again: see Progress
        if (name == "message_complete") end_answer();
    }

    void begin(const json::Value& data) {
        end_answer();
        turn_ = text_in(data, "message_id");
        count_ = 0;
        add("user", turn_, json::Value(json::text_or(data, "content")), text_in(data, "timestamp"));
    }

    void grow(std::string_view kind, const json::Value& data) {
        const auto piece = text_in(data, "content");
        auto* last = blocks_.size() > kept_ ? blocks_.back().if_object() : nullptr;
        if (last && json::text_or(*last, "type") == kind) {
            last->at(kind).get_string().append(piece);
            return;
        }
        begin_block(data);
        blocks_.push_back(json::Object{{"type", kind}, {kind, piece}});
    }

    void add_call(const json::Value& data) {
        begin_block(data);
        json::Object block{
            {"type", "tool_use"}, {"id", text_in(data, "tool_use_id")}, {"name", text_in(data, "tool")}};
        if (const auto* input = json::find(data, "input")) block["input"] = *input;
        blocks_.push_back(std::move(block));
        kept_ = blocks_.size();
    }

    void add_result(const json::Value& data) {
        end_answer();
        const auto id = text_in(data, "tool_use_id");
        const auto error = text_in(data, "error");
        json::Array parts;
        const auto text = error.empty() ? text_in(data, "output") : error;
        if (!text.empty()) parts.push_back(json::Object{{"type", "text"}, {"text", text}});
        if (const auto picture = text_in(data, "screenshot"); !picture.empty())
            parts.push_back(json::Object{{"type", "image"}, {"source", {{"type", "url"}, {"url", picture}}}});
        json::Object block{{"type", "tool_result"}, {"tool_use_id", id}, {"content", std::move(parts)}};
        if (!error.empty()) block["is_error"] = true;
        add("user", derived_id(turn_, ++count_), json::Array{std::move(block)}, text_in(data, "timestamp"));
        messages_.back().tool_use_id = id;
    }

    void begin_block(const json::Value& data) {
        if (blocks_.empty()) began_ = text_in(data, "timestamp");
    }

    void end_answer() {
        kept_ = 0;
        if (blocks_.empty()) return;
        add("assistant", derived_id(turn_, ++count_), std::exchange(blocks_, json::Array{}), began_);
    }

    void add(std::string role, std::string id, json::Value content, std::string timestamp) {
        messages_.push_back({std::move(id), std::move(role), std::move(content), {}, std::move(timestamp)});
    }

    std::vector<Message> messages_;
    std::string turn_;
    std::uint64_t count_ = 0;  ///< of messages in this turn after the person's
    json::Array blocks_;       ///< of the answer being read
    std::size_t kept_ = 0;     ///< blocks that a new attempt of the model does not void
    std::string began_;
};

}  // namespace

std::vector<Message> read_conversation(const std::vector<store::Event>& events) {
    return Reader{}.read(events);
}

std::vector<std::string> find_unanswered_calls(const std::vector<store::Event>& events) {
    std::vector<std::string> calls;
    for (const auto& event : events) {
        if (event.name == "message_start") calls.clear();
        if (event.name != "tool_use" && event.name != "tool_result") continue;
        const auto data = json::parse(event.data);
        if (!data) continue;
        const auto id = text_in(*data, "tool_use_id");
        if (event.name == "tool_use")
            calls.push_back(id);
        else
            std::erase(calls, id);
    }
    return calls;
}

std::map<std::string, LoggedResult> find_results(const std::vector<store::Event>& events) {
    std::map<std::string, LoggedResult> results;
    for (const auto& event : events) {
        if (event.name == "message_start") results.clear();
        const auto data = event.name == "tool_result" ? json::parse(event.data) : json::Value{};
        if (!data || !data->is_object()) continue;
        const auto error = text_in(*data, "error");
        const auto picture = text_in(*data, "screenshot");
        results[text_in(*data, "tool_use_id")] = {.text = error.empty() ? text_in(*data, "output") : error,
                                                  .is_error = !error.empty(),
                                                  .picture = picture.substr(picture.rfind('/') + 1)};
    }
    return results;
}

}  // namespace carrel::session
