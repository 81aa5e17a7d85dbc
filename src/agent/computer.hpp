// The members of the computer toolset (computer_toolset_20260801), one row each. Their inputs and the
// texts of their results are the vendor's; coordinates are pixels of the picture that the model saw.
#pragma once

#include <string>
#include <string_view>

#include "agent/tools.hpp"

namespace carrel::agent {

bool is_computer_member(std::string_view name);

/// Runs a member. Throws Error with a text for the model; `name` must be a member.
Task<ToolResult> run_computer(const Bench& bench, std::string name, json::Object input);

}  // namespace carrel::agent
