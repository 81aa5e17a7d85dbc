#include "agent/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "agent/computer.hpp"
#include "agent/history.hpp"
#include "core/text.hpp"

namespace carrel::agent {

namespace {

/// Deeper than what the decoders of answers let pass, so that what they took can be read here.
constexpr std::size_t block_depth = 80;
constexpr std::size_t longest_name = 128;
constexpr std::size_t longest_text = std::size_t{1} << 20;

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= longest_name && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
    });
}

bool is_thinking_kind(std::string_view type) { return type == "thinking" || type == "redacted_thinking"; }

/// Reads an answer block by block.
class Sieve {
public:
    explicit Sieve(const std::set<std::string>& taken_ids) : taken_{taken_ids} {}

    LawfulAnswer sift(const std::vector<Block>& blocks) {
        for (const auto& block : blocks)
            if (!keep(block)) result_.is_altered = true;
        while (!result_.blocks.empty() && is_thinking_kind(result_.blocks.back().type)) {
            result_.blocks.pop_back();
            result_.is_altered = true;
        }
        return std::move(result_);
    }

private:
    bool keep(const Block& block) {
        const auto value = json::parse(block.raw, block_depth);
        const auto* object = value ? value->if_object() : nullptr;
        const auto type = object ? json::text_or(*object, "type") : "";
        if (block.type == "tool_use" || type == "tool_use") {
            const bool is_kept = object && type == "tool_use" && keep_call(block, *object);
            result_.has_lost_calls = result_.has_lost_calls || !is_kept;
            return is_kept;
        }
        if (type.empty() || !is_whole(type, *object)) return false;
        result_.blocks.push_back({std::string{type}, block.raw});
        return true;
    }

    /// Kinds that we do not know are the vendor's to judge: it wants back what it sends.
    static bool is_whole(std::string_view type, const json::Object& block) {
        if (type == "text") return !core::is_blank(json::text_or(block, "text"));
        if (type == "redacted_thinking") return !json::text_or(block, "data").empty();
        if (type != "thinking") return true;
        const auto* thinking = block.if_contains("thinking");
        return thinking && thinking->is_string() && !json::text_or(block, "signature").empty();
    }

    bool keep_call(const Block& block, json::Object object) {
        const auto* toolset = object.if_contains("toolset_name");
        Call call{{.id = std::string{json::text_or(object, "id")},
                   .name = std::string{json::text_or(object, "name")},
                   .toolset = std::string{json::text_or(object, "toolset_name")},
                   .input = {}},
                  block.problem};
        const bool is_member = call.use.toolset == "computer" && is_computer_member(call.use.name);
        if (!is_word(call.use.name) || (toolset && !is_member)) return false;
        bool is_same = true;
        if (auto id = free_id(call.use.id); id != call.use.id) {
            object["id"] = call.use.id = std::move(id);
            is_same = false;
        }
        if (const auto* input = object.if_contains("input"); input && input->is_object()) {
            call.use.input = input->get_object();
        } else {
            if (call.problem.empty()) call.problem = "its input is not a JSON object";
            object["input"] = json::Object{};
            is_same = false;
        }
        taken_.insert(call.use.id);
        result_.is_altered = result_.is_altered || !is_same || !call.problem.empty();
        result_.blocks.push_back({"tool_use", is_same ? block.raw : json::to_text(object)});
        result_.calls.push_back(std::move(call));
        return true;
    }

    /// `id`, or one like it that is well-formed and not taken.
    std::string free_id(const std::string& id) const {
        if (is_word(id) && !taken_.contains(id)) return id;
        std::string stem = id.substr(0, longest_name / 2);
        std::erase_if(stem, [](char c) { return !is_word({&c, 1}); });
        if (stem.empty()) stem = "toolu";
        for (std::size_t n = taken_.size() + 1;; ++n)
            if (auto other = fmt::format("{}_{}", stem, n); !taken_.contains(other)) return other;
    }

    std::set<std::string> taken_;
    LawfulAnswer result_;
};

bool is_what_it_says(const Picture& picture) {
    if (picture.media_type == "image/png") return picture.bytes.starts_with("\x89PNG\r\n\x1a\n");
    return picture.media_type == "image/jpeg" && picture.bytes.starts_with("\xff\xd8\xff");
}

ToolResult failure_of(std::string text) { return {std::move(text), std::nullopt, true}; }

}  // namespace

LawfulAnswer make_lawful(const std::vector<Block>& blocks, const std::set<std::string>& taken_ids) {
    return Sieve{taken_ids}.sift(blocks);
}

ToolResult make_lawful(ToolResult result) {
    if (result.is_error) result.picture.reset();
    if (result.picture && !is_what_it_says(*result.picture))
        result = failure_of("the picture is damaged and cannot be shown");
    if (result.picture && result.picture->bytes.size() > most_picture_bytes)
        result =
            failure_of(fmt::format("the picture has {} bytes, and a model takes {}: zoom into a part of it",
                                   result.picture->bytes.size(), most_picture_bytes));
    result.text = core::repair_utf8(result.text);
    if (result.text.size() > longest_text)
        result.text = std::string{core::utf8_prefix(result.text, longest_text)} +
                      "\n<system>the rest is left out</system>";
    if (core::is_blank(result.text)) result.text.clear();
    if (result.text.empty() && !result.picture)
        result.text = result.is_error ? "<system>failed without saying why</system>"
                                      : "<system>done; no output</system>";
    return result;
}

}  // namespace carrel::agent
