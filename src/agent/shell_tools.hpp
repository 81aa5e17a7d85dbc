// The bash tool (bash_20250124) and the text editor (text_editor_20250728), on the desk's terminal and
// files; and, beside the vendor's, bash_answer: a command that asks for something on its terminal (a
// password) is answered by a tool of its own, so that no command is ever typed as an answer, and no answer
// run as a command.
#pragma once

#include "agent/tools.hpp"

namespace carrel::agent {

constexpr std::string_view bash_name = "bash";
constexpr std::string_view bash_answer_name = "bash_answer";
constexpr std::string_view editor_name = "str_replace_based_edit_tool";

/// Throws Error with a text for the model. A command that ends with another status than 0 is not an
/// error: its status stands at the end of the text.
Task<ToolResult> run_bash(DeskCalls& desk, json::Object input);
/// Types for the command that waits for input. Its result is that of run_bash.
Task<ToolResult> run_bash_answer(DeskCalls& desk, json::Object input);
Task<ToolResult> run_editor(DeskCalls& desk, json::Object input);

}  // namespace carrel::agent
