#include "agent/retelling.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "agent/history.hpp"
#include "core/text.hpp"

namespace carrel::agent {

namespace {

constexpr std::string_view gone_picture =
    R"({"type":"text","text":"<system>this picture is no longer kept</system>"})";
constexpr std::size_t longest_part = 2'000;      ///< bytes of one call or result in words
constexpr std::size_t longest_telling = 60'000;  ///< bytes of everything in words
/// Deeper than what agent/rules lets pass.
constexpr std::size_t deepest = 100;

bool holds_thought(std::string_view raw_block) {
    // Most blocks need no look inside.
    if (raw_block.find("thinking") == raw_block.npos) return false;
    const auto block = json::parse(raw_block, deepest);
    const auto type = block ? json::text_or(*block, "type") : "";
    return type == "thinking" || type == "redacted_thinking";
}

std::string without_thoughts(const std::string& message) {
    std::vector<Block> kept;
    const auto blocks = raw_blocks(message);
    for (const auto block : blocks)
        if (!holds_thought(block)) kept.push_back({{}, std::string{block}});
    return kept.empty() || kept.size() == blocks.size() ? message : assistant_message(kept);
}

std::string without_pictures(std::string_view message, std::span<const std::string_view> pictures) {
    std::string text;
    const char* at = message.data();
    for (const auto picture : pictures) {
        text.append(at, picture.data());
        text += gone_picture;
        at = picture.data() + picture.size();
    }
    return text.append(at, message.data() + message.size());
}

/// How many pictures of each message are to go: the first so many.
std::vector<std::size_t> choose_pictures(std::span<const std::string> messages, std::size_t most,
                                         std::size_t bytes) {
    std::size_t words = 0;
    for (const auto& message : messages) {
        words += message.size();
        for (const auto picture : find_pictures(message)) words -= picture.size();
    }
    std::size_t room = bytes > words ? bytes - words : 0;
    std::vector<std::size_t> gone(messages.size());
    bool is_full = false;
    for (auto i = messages.size(); i-- > 0;) {
        const auto pictures = find_pictures(messages[i]);
        for (auto k = pictures.size(); k-- > 0;) {
            is_full = is_full || most == 0 || pictures[k].size() > room;
            if (is_full) {
                gone[i] = k + 1;
                break;
            }
            --most;
            room -= pictures[k].size();
        }
    }
    return gone;
}

std::string cut_short(std::string_view text, std::size_t most) {
    const auto part = core::utf8_prefix(text, most);
    return std::string{part} + (part.size() < text.size() ? " …" : "");
}

void add_line(std::string& to, std::string_view line) {
    if (core::is_blank(line)) return;
    if (!to.empty()) to += '\n';
    to += line;
}

/// The texts of a tool result.
std::string result_words(const json::Value& block) {
    std::string words;
    const auto* content = json::find(block, "content");
    if (!content || !content->is_array()) return words;
    for (const auto& part : content->get_array())
        add_line(words, json::text_or(part, "type") == "image" ? "(a picture)" : json::text_or(part, "text"));
    return words;
}

/// One block in words; "" for what has none.
std::string block_words(std::string_view raw) {
    const auto block = json::parse(raw, deepest);
    if (!block) return {};
    const auto type = json::text_or(*block, "type");
    if (type == "text") return std::string{json::text_or(*block, "text")};
    if (type == "tool_use") {
        const auto* input = json::find(*block, "input");
        return fmt::format("[call of {}: {}]", json::text_or(*block, "name"),
                           cut_short(input ? json::to_text(*input) : "", longest_part));
    }
    if (type == "tool_result")
        return fmt::format("[its {}: {}]", json::flag_of(*block, "is_error") ? "failure" : "result",
                           cut_short(result_words(*block), longest_part));
    return {};
}

/// A message in words.
std::string message_words(std::string_view message) {
    std::string words;
    for (const auto raw : raw_blocks(message)) add_line(words, block_words(raw));
    return words;
}

bool is_words(std::string_view message) {
    return std::ranges::all_of(raw_blocks(message),
                               [](auto raw) { return raw.starts_with(R"({"type":"text",)"); });
}

std::string texts_of_answer(std::string_view message) {
    std::string words;
    for (const auto raw : raw_blocks(message))
        if (const auto block = json::parse(raw, deepest); block && json::text_or(*block, "type") == "text")
            add_line(words, json::text_or(*block, "text"));
    return words;
}

std::string calls_of_answer(std::string_view message) {
    std::string words;
    for (const auto& use : unanswered_calls(message))
        add_line(words, fmt::format("[call of {}: {}]", use.name,
                                    cut_short(json::to_text(use.input), longest_part)));
    return words;
}

std::size_t find_last_answer(std::span<const std::string> messages) {
    auto at = messages.size();
    while (at-- > 0)
        if (is_answer(messages[at])) return at;
    return messages.size();
}

/// An answer at the end was to be gone on from, which only an unaltered one can be.
Retold with_question(Retold retold) {
    if (!retold.rest.empty() && is_answer(retold.rest.back()))
        retold.rest.push_back(user_message(go_on_note, false));
    return retold;
}

}  // namespace

std::optional<Retold> clear_pictures(std::span<const std::string> messages, std::size_t pictures,
                                     std::size_t bytes) {
    const auto gone = choose_pictures(messages, pictures, bytes);
    const auto first = std::ranges::find_if(gone, [](auto count) { return count > 0; });
    if (first == gone.end()) return std::nullopt;
    Retold retold{.keep = static_cast<std::size_t>(first - gone.begin()), .rest = {}};
    for (auto i = retold.keep; i < messages.size(); ++i) {
        const auto held = find_pictures(messages[i]);
        if (is_answer(messages[i]))
            retold.rest.push_back(without_thoughts(messages[i]));
        else
            retold.rest.push_back(without_pictures(messages[i], std::span{held}.first(gone[i])));
    }
    return with_question(std::move(retold));
}

std::optional<Retold> tell_newest_in_words(std::span<const std::string> messages) {
    const auto at = find_last_answer(messages);
    if (at == messages.size() || std::ranges::all_of(messages.subspan(at), is_words)) return std::nullopt;
    Retold retold{.keep = at, .rest = {}};
    std::string words;
    for (const auto& message : messages.subspan(at)) {
        if (is_answer(message)) {
            if (const auto spoken = texts_of_answer(message); !spoken.empty())
                retold.rest.push_back(assistant_message(std::vector{Block{"text", text_block(spoken)}}));
            words = calls_of_answer(message);
        } else if (person_text(message)) {
            retold.rest.push_back(message);
        } else {
            add_line(words, message_words(message));
            retold.rest.push_back(
                user_message("<system>The tool calls of the answer before, in words:</system>\n" +
                                 std::exchange(words, {}),
                             false));
        }
    }
    return with_question(std::move(retold));
}

std::optional<Retold> tell_all_in_words(std::span<const std::string> messages) {
    if (find_last_answer(messages) == messages.size()) return std::nullopt;
    const bool has_question = person_text(messages.back()).has_value();
    const auto told = messages.first(messages.size() - (has_question ? 1 : 0));
    std::vector<std::string> parts;
    std::size_t size = 0;
    for (auto i = told.size(); i-- > 0 && size < longest_telling;) {
        const auto* who = is_answer(told[i]) ? "You: " : person_text(told[i]) ? "The person: " : "";
        parts.push_back(who + cut_short(message_words(told[i]), 4 * longest_part));
        size += parts.back().size();
    }
    std::string words =
        "<system>The conversation so far, in words; pictures and older parts are left out:</system>";
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) add_line(words, *part);
    Retold retold{.keep = 0, .rest = {user_message(words, false)}};
    if (has_question) retold.rest.push_back(messages.back());
    return retold;
}

std::optional<Retold> leave_newest_out(std::span<const std::string> messages) {
    const auto at = find_last_answer(messages);
    if (at == messages.size()) return std::nullopt;
    const auto left_out = messages.subspan(at);
    Retold retold{.keep = at, .rest = {left_out_message(left_out)}};
    for (const auto& message : left_out)
        if (!is_answer(message) && person_text(message)) retold.rest.push_back(message);
    return retold;
}

std::string left_out_message(std::span<const std::string> messages) {
    std::string names;
    for (const auto& message : messages)
        for (const auto& use : unanswered_calls(message)) (names += names.empty() ? "" : ", ") += use.name;
    return user_message(
        fmt::format("<system>The last answer is left out, since the model's vendor refused it.{}</system>",
                    names.empty() ? "" : fmt::format(" Its tool calls ran all the same: {}.", names)),
        false);
}

}  // namespace carrel::agent
