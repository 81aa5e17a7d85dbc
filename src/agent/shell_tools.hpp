// The bash tool (bash_20250124) and the text editor (text_editor_20250728), on the desk's terminal and
// files.
#pragma once

#include "agent/tools.hpp"

namespace carrel::agent {

constexpr std::string_view bash_name = "bash";
constexpr std::string_view editor_name = "str_replace_based_edit_tool";

/// Throws Error with a text for the model. A command that ends with another status than 0 is not an
/// error: its status stands at the end of the text.
Task<ToolResult> run_bash(DeskCalls& desk, json::Object input);
Task<ToolResult> run_editor(DeskCalls& desk, json::Object input);

}  // namespace carrel::agent
