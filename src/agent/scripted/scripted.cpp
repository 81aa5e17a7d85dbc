#include "agent/scripted/scripted.hpp"

#include <fmt/format.h>

#include "agent/computer.hpp"
#include "agent/history.hpp"
#include "core/id.hpp"
#include "core/text.hpp"

namespace carrel::agent::scripted {

namespace {

constexpr std::string_view explanation =
    "I am the scripted model: I need no key and no network, and do what I am told word for word.\n\n"
    "- Send tour and I show you around this desk.\n"
    "- Send a JSON list and I play it, answer by answer. For example:\n"
    R"([{"text":"A look at the screen","tool_uses":[{"name":"screenshot"}]},)"
    "\n "
    R"({"text":"Typing","tool_uses":[{"name":"left_click","input":{"coordinate":[400,300]}},)"
    R"({"name":"type","input":{"text":"hello"}}]},)"
    "\n "
    R"({"text":"Done"}])"
    "\n\nThe tools are those of the computer toolset (screenshot, left_click, type, key, scroll, zoom, …), "
    "bash, bash_answer and str_replace_based_edit_tool. For a real agent, give the session another provider "
    "and a key.";

/// What the person asked, and how many answers were given since.
struct Place {
    std::string wish;
    std::size_t answers = 0;
    bool has_failures = false;
};

Place find_place(std::span<const std::string> messages) {
    Place place;
    for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
        if (auto wish = person_text(*message)) {
            place.wish = core::trim(*wish);
            break;
        }
        if (message->starts_with(R"({"role":"assistant")")) ++place.answers;
        if (message->find(R"(,"is_error":true,)") != message->npos) place.has_failures = true;
    }
    return place;
}

ScriptedAnswer last_words(const Place& place, std::size_t length) {
    const auto* note = place.has_failures ? " Some calls failed; their results say why." : "";
    return {
        fmt::format("That was the script: {} {} played.{}", length, length == 1 ? "answer" : "answers", note),
        {},
        {}};
}

ScriptedAnswer play(const Script& script, const Place& place) {
    return place.answers < script.size() ? script[place.answers] : last_words(place, script.size());
}

ScriptedAnswer next_answer(const Place& place) {
    if (core::to_lower(place.wish) == "tour") {
        auto answer = play(tour(), place);
        if (answer.tool_uses.empty() && place.has_failures)
            answer.text += "\n\nNot every step worked on this desk; the results above say why.";
        return answer;
    }
    if (!place.wish.starts_with('[')) return {std::string{explanation}, {}, {}};
    const auto script = parse_script(place.wish);
    if (!script)
        return {fmt::format("I cannot play this: {}.\n\n{}", script.error().message(), explanation), {}, {}};
    return play(*script, place);
}

Block call_block(const ScriptedCall& call) {
    const auto* toolset = is_computer_member(call.name) ? R"("toolset_name":"computer",)" : "";
    return {"tool_use", fmt::format(R"({{"type":"tool_use","id":{},"name":{},{}"input":{}}})",
                                    json::quote(core::make_id("toolu_")), json::quote(call.name), toolset,
                                    json::to_text(call.input))};
}

/// Word by word, as a model would; whoever listens gets a turn in between.
Task<> say(std::string text, Progress& progress) {
    std::size_t start = 0;
    while (start < text.size()) {
        const auto end = std::min(text.find(' ', start), text.size() - 1) + 1;
        progress.text(std::string_view{text}.substr(start, end - start));
        start = end;
        co_await async::yield_turn();
    }
}

}  // namespace

Task<Answer> ScriptedModel::answer(Question question, Progress& progress) {
    const auto next = next_answer(find_place(question.messages));
    Answer answer{.blocks = {}, .stop_reason = next.tool_uses.empty() ? "end_turn" : "tool_use", .usage = {}};
    if (!next.thinking.empty()) {
        progress.thinking(next.thinking);
        answer.blocks.push_back(
            {"thinking", fmt::format(R"({{"type":"thinking","thinking":{},"signature":"scripted"}})",
                                     json::quote(next.thinking))});
    }
    co_await say(next.text, progress);
    if (!core::trim(next.text).empty())
        answer.blocks.push_back(
            {"text", fmt::format(R"({{"type":"text","text":{}}})", json::quote(next.text))});
    for (const auto& call : next.tool_uses) answer.blocks.push_back(call_block(call));
    co_return answer;
}

}  // namespace carrel::agent::scripted
