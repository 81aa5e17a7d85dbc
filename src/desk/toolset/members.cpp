#include "desk/toolset/members.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace carrel::desk::toolset {

namespace {

using enum ToolResult;
constexpr std::size_t longest_name = 200;

constexpr std::string_view click_fields = "target modifiers? tab_id?";

constexpr std::array members{
    ToolMember{"navigate", told, "", true, "url tab_id?"},
    ToolMember{"screenshot", picture, "", true, "tab_id?"},
    ToolMember{"zoom", picture, "", true, "region tab_id?"},
    ToolMember{"left_click", acknowledged, "Clicked.", true, click_fields},
    ToolMember{"right_click", acknowledged, "Right-clicked.", true, click_fields},
    ToolMember{"middle_click", acknowledged, "Middle-clicked.", true, click_fields},
    ToolMember{"double_click", acknowledged, "Double-clicked.", true, click_fields},
    ToolMember{"triple_click", acknowledged, "Triple-clicked.", true, click_fields},
    ToolMember{"hover", acknowledged, "Hovered.", true, "target tab_id?"},
    ToolMember{"left_click_drag", acknowledged, "Dragged.", true, "from target tab_id?"},
    ToolMember{"left_mouse_down", acknowledged, "Mouse button pressed.", true, "target tab_id?"},
    ToolMember{"left_mouse_up", acknowledged, "Mouse button released.", true, "target tab_id?"},
    ToolMember{"mouse_move", acknowledged, "Moved the mouse.", true, "target tab_id?"},
    ToolMember{"scroll", acknowledged, "Scrolled {scroll_direction}.", true,
               "scroll_direction target scroll_amount? tab_id?"},
    ToolMember{"scroll_to", acknowledged, "Scrolled to {ref}.", true, "target tab_id?"},
    ToolMember{"type", acknowledged, "Typed.", true, "text tab_id?"},
    ToolMember{"key", acknowledged, "Pressed {text}.", true, "text repeat? tab_id?"},
    ToolMember{"hold_key", acknowledged, "Held {text} for {duration}s.", true, "text duration tab_id?"},
    ToolMember{"form_input", acknowledged, "Set the value of {ref}.", true, "target value tab_id?"},
    ToolMember{"read_page", told, "", true, "filter? depth? ref? tab_id?"},
    ToolMember{"find", told, "", true, "query tab_id?"},
    ToolMember{"get_page_text", told, "", true, "tab_id?"},
    ToolMember{"wait", acknowledged, "Waited {duration}s.", true, "duration tab_id?"},
    ToolMember{"file_upload", acknowledged, "Uploaded.", false, "target paths? document_ids? tab_id?"},
    ToolMember{"read_console", told, "", false, "tab_id?"},
    ToolMember{"read_network", told, "", false, "tab_id?"},
    ToolMember{"javascript_exec", told, "", false, "text tab_id?"},
    ToolMember{"new_tab", state, "", true, ""},
    ToolMember{"list_tabs", state, "", true, ""},
    ToolMember{"switch_tab", state, "", true, "tab_id"},
    ToolMember{"close_tab", state, "", true, "tab_id"},
};

using Problem = std::optional<std::string>;

bool take(const json::Value& value, std::string& to) {
    if (!value.is_string()) return false;
    to = value.get_string();
    return true;
}

bool take(const json::Value& value, double& to) {
    if (!value.is_number()) return false;
    to = value.to_number<double>();
    return true;
}

template <class T>
bool take(const json::Value& value, std::optional<T>& to) {
    return take(value, to.emplace());
}

template <class T>
bool take(const json::Value& value, std::vector<T>& to) {
    const auto* list = value.if_array();
    return list && list->size() <= 1'000 &&
           std::ranges::all_of(*list, [&](const json::Value& item) { return take(item, to.emplace_back()); });
}

template <class T>
Problem want(const json::Object& object, std::string_view name, T& to, std::string_view what) {
    const auto* value = object.if_contains(name);
    if (value && take(*value, to)) return std::nullopt;
    return fmt::format("{}: expected {}", name, what);
}

/// {type: "coordinate", x, y} or {type: "ref", ref}; the type may be left to the members.
Problem want_target(const json::Object& input, std::string_view name, ToolTarget& to) {
    const auto* value = input.if_contains(name);
    const auto* object = value ? value->if_object() : nullptr;
    if (!object) return fmt::format("{}: expected a coordinate or a ref target", name);
    to.type = json::text_or(*object, "type");
    if (to.type.empty()) to.type = object->contains("ref") ? "ref" : "coordinate";
    if (to.type != "ref" && to.type != "coordinate")
        return fmt::format("{}.type: expected \"coordinate\" or \"ref\"", name);
    Problem problem;
    if (to.type == "ref")
        problem = want(*object, "ref", to.ref, "a string");
    else if (!(problem = want(*object, "x", to.x, "a number")))
        problem = want(*object, "y", to.y, "a number");
    if (problem) return fmt::format("{}.{}", name, *problem);
    return std::nullopt;
}

Problem want_value(const json::Object& input, json::Value& to) {
    const auto* value = input.if_contains("value");
    if (!value || !(value->is_string() || value->is_number() || value->is_bool()))
        return "value: expected a string, a number or a boolean";
    to = *value;
    return std::nullopt;
}

Problem read_field(const json::Object& input, std::string_view name, ToolInput& to) {
    if (name == "target") return want_target(input, name, to.target);
    if (name == "from") return want_target(input, name, to.from);
    if (name == "value") return want_value(input, to.value);
    if (name == "region") return want(input, name, to.region, "four numbers");
    if (name == "paths") return want(input, name, to.paths, "a list of strings");
    if (name == "document_ids") return want(input, name, to.document_ids, "a list of strings");
    if (name == "duration") return want(input, name, to.duration, "a number");
    if (name == "depth") return want(input, name, to.depth, "a number");
    if (name == "repeat") return want(input, name, to.repeat, "a number");
    if (name == "scroll_amount") return want(input, name, to.scroll_amount, "a number");
    if (name == "tab_id") return want(input, name, to.tab_id, "a string");
    if (name == "url") return want(input, name, to.url, "a string");
    if (name == "query") return want(input, name, to.query, "a string");
    if (name == "modifiers") return want(input, name, to.modifiers, "a string");
    if (name == "scroll_direction") return want(input, name, to.scroll_direction, "a string");
    if (name == "filter") return want(input, name, to.filter, "a string");
    if (name == "ref") return want(input, name, to.ref, "a string");
    return want(input, name, to.text, "a string");
}

/// The bytes of a character that would break or reorder a line; 0 for all others.
std::size_t unsafe_bytes(std::string_view text) {
    const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    if (at(0) < 0x20 || at(0) == 0x7f) return 1;
    if ((at(0) == 0xc2 && at(1) < 0xa0) || (at(0) == 0xd8 && at(1) == 0x9c)) return 2;
    if (at(0) == 0xe2 && at(1) == 0x80 &&
        (at(2) == 0x8e || at(2) == 0x8f || (at(2) >= 0xa8 && at(2) <= 0xae)))
        return 3;
    if (at(0) == 0xe2 && at(1) == 0x81 && at(2) >= 0xa6 && at(2) <= 0xa9) return 3;
    return 0;
}

std::string_view first_characters(std::string_view text, std::size_t limit) {
    std::size_t at = 0;
    while (at < text.size()) {
        const bool is_start = (static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80;
        if (is_start && limit-- == 0) break;
        ++at;
    }
    return text.substr(0, at);
}

std::string text_of(const json::Value* value) {
    if (!value || value->is_null()) return {};
    if (value->is_string()) return tool_line(value->get_string());
    if (value->is_number()) return fmt::format("{}", value->to_number<double>());
    return tool_line(json::to_text(*value));
}

}  // namespace

std::span<const ToolMember> tool_members() { return members; }

const ToolMember* find_tool_member(std::string_view name) {
    const auto found = std::ranges::find(members, name, &ToolMember::name);
    return found == members.end() ? nullptr : &*found;
}

bool is_tool_enabled(const ToolMember& member, const json::Object& configs) {
    const auto* entry = configs.if_contains(member.name);
    if (!entry || entry->is_null()) return member.is_enabled_by_default;
    if (!entry->is_object()) return false;
    const auto* enabled = entry->get_object().if_contains("enabled");
    if (!enabled || enabled->is_null()) return member.is_enabled_by_default;
    return enabled->is_bool() && enabled->get_bool();
}

core::Expected<ToolInput> parse_tool_input(const ToolMember& member, const json::Object& input) {
    ToolInput result;
    if (member.fields.empty()) return result;
    for (auto name : core::split(member.fields, ' ')) {
        const bool is_optional = name.ends_with('?');
        if (is_optional) name.remove_suffix(1);
        const auto* value = input.if_contains(name);
        if (is_optional && (!value || value->is_null())) continue;
        if (auto problem = read_field(input, name, result)) return core::refuse(std::move(*problem));
    }
    if (result.tab_id && result.tab_id->empty()) result.tab_id.reset();
    return result;
}

std::string tool_line(std::string_view text, std::size_t limit) {
    std::string line;
    bool was_unsafe = false;
    while (!text.empty()) {
        if (const auto bytes = unsafe_bytes(text)) {
            if (!was_unsafe) line += ' ';
            was_unsafe = true;
            text.remove_prefix(bytes);
            continue;
        }
        was_unsafe = false;
        line += text.front();
        text.remove_prefix(1);
    }
    return std::string{first_characters(core::trim(line), limit)};
}

std::string unknown_tool_text(std::string_view name) {
    std::string quoted;
    for (const char byte : tool_line(name, longest_name)) {
        const bool is_gap = byte == '\'' || byte == ' ';
        if (!is_gap)
            quoted += byte;
        else if (!quoted.ends_with(' '))
            quoted += ' ';
    }
    return fmt::format("Error: unknown browser toolset member '{}'", core::trim(quoted));
}

std::string disabled_tool_text(std::string_view name) {
    return fmt::format(
        "The '{}' action is not permitted by this application's permissions and cannot be used in this "
        "session.",
        name);
}

std::string invalid_tool_text(std::string_view name, std::string_view problem) {
    return fmt::format("invalid input for browser member '{}': {}", name, problem);
}

std::string acknowledgement_of(const ToolMember& member, const json::Object& input) {
    std::string line;
    auto rest = member.acknowledgement;
    while (!rest.empty()) {
        const auto open = rest.find('{');
        const auto close = open == rest.npos ? rest.npos : rest.find('}', open);
        line += rest.substr(0, open);
        if (close == rest.npos) break;
        const auto field = rest.substr(open + 1, close - open - 1);
        const auto* target = input.if_contains("target");
        line += field == "ref" ? text_of(target ? json::find(*target, "ref") : nullptr)
                               : text_of(input.if_contains(field));
        rest.remove_prefix(close + 1);
    }
    return line;
}

}  // namespace carrel::desk::toolset
