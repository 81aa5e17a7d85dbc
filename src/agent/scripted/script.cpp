#include "agent/scripted/script.hpp"

#include <fmt/format.h>

#include "agent/tool_input.hpp"

namespace carrel::agent::scripted {

namespace {

using json::field;
using json::Shape;

constexpr std::size_t most_answers = 200;

/// A tool call's problem says which answer it is in by its path: "2.tool_uses.0.name".
const Shape<ScriptedCall>& call_shape() {
    static const Shape<ScriptedCall> shape{
        field("name", &ScriptedCall::name, "of the tool", json::length_between(1, 100)),
        field("input", &ScriptedCall::input, "of the tool").with_default()};
    return shape;
}

const Shape<ScriptedAnswer>& answer_shape() {
    static const Shape<ScriptedAnswer> shape{
        field("text", &ScriptedAnswer::text, "what is said").with_default(),
        field("thinking", &ScriptedAnswer::thinking, "what is thought").with_default(),
        json::list_field("tool_uses", &ScriptedAnswer::tool_uses, "what is done", call_shape())
            .with_default()};
    return shape;
}

}  // namespace

core::Expected<Script> parse_script(std::string_view text) {
    const auto value = json::parse(text);
    if (!value) return std::unexpected{value.error()};
    const auto* list = value->if_array();
    if (!list || list->empty() || list->size() > most_answers)
        return core::refuse(fmt::format("a script is a list of 1 to {} answers", most_answers));
    Script script;
    json::Problems problems;
    for (const auto& item : *list) {
        const auto before = problems.size();
        answer_shape().read(item, script.emplace_back(), problems);
        json::detail::prefix(problems, before, std::to_string(script.size() - 1));
    }
    if (!problems.empty()) return core::refuse(describe(problems, "this script"));
    return script;
}

}  // namespace carrel::agent::scripted
