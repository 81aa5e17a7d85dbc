// The members of the vendor's browser_toolset_20260801: their inputs, what a model reads after them, which
// are off by default. Facts: the vendor's own SDK (its registry of members and their wire types). Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/fields.hpp"

namespace carrel::desk::toolset {

/// How a member's result becomes content.
enum class ToolResult {
    acknowledged,  ///< one fixed line
    told,          ///< a text of its own
    picture,
    state,  ///< nothing but the browser's state
};

struct ToolTarget {
    std::string type;  ///< "coordinate" or "ref"
    std::optional<double> x;
    std::optional<double> y;
    std::optional<std::string> ref;
};

/// The inputs of all members; each has its own part of them.
struct ToolInput {
    std::optional<std::string> tab_id;
    std::string url;
    std::string text;
    std::string query;
    std::string modifiers;
    std::string scroll_direction;
    std::string filter;
    std::string ref;
    ToolTarget target;
    ToolTarget from;
    json::Value value;
    double duration = 0;
    double depth = 15;
    double repeat = 1;
    double scroll_amount = 3;
    std::vector<double> region;
    std::vector<std::string> paths;
    std::vector<std::string> document_ids;
};

struct ToolMember {
    std::string_view name;
    ToolResult result;
    std::string_view acknowledgement;  ///< with {text}, {duration}, {ref}, {scroll_direction} of the input
    bool is_enabled_by_default;
    std::string_view fields;  ///< of its input, with spaces between; one with ? may be absent
};

std::span<const ToolMember> tool_members();
/// Null for a name that is none.
const ToolMember* find_tool_member(std::string_view name);

/// Whether these configs (of the entry in `tools`) leave it on. Only a boolean switches; what is no
/// answer leaves it off.
bool is_tool_enabled(const ToolMember& member, const json::Object& configs);

/// Null means absent. Refuses with "target.x: expected a number".
core::Expected<ToolInput> parse_tool_input(const ToolMember& member, const json::Object& input);

/// Words a model reads, exactly as the vendor's SDK has them.
std::string unknown_tool_text(std::string_view name);
std::string disabled_tool_text(std::string_view name);
std::string invalid_tool_text(std::string_view name, std::string_view problem);
std::string acknowledgement_of(const ToolMember& member, const json::Object& input);

/// A page's or model's text in one line: runs of line breaks, control and bidi characters become one
/// space, the ends are trimmed, at most `limit` characters.
std::string tool_line(std::string_view text, std::size_t limit = 4'096);

}  // namespace carrel::desk::toolset
