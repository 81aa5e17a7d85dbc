// The tools a model is given, and what each does on the desk: the members of the vendor's computer
// toolset, bash, answers to what its commands ask, and the text editor.
#pragma once

#include <string>
#include <string_view>

#include "agent/interfaces.hpp"
#include "agent/picture.hpp"

namespace carrel::agent {

/// A call as the model made it.
struct ToolUse {
    std::string id;
    std::string name;
    std::string toolset;  ///< "computer" for the toolset's members; its result must say the same
    json::Object input;
};

/// What tools act on.
struct Bench {
    DeskCalls& desk;
    Size picture;  ///< in which the model sees the screen, whatever that has

    ScreenMap map() const { return {desk.screen(), picture}; }
};

/// Answer of a call that was not made because an earlier one failed. The text is the vendor's.
constexpr std::string_view not_executed = "Not executed: an earlier computer action in this turn failed.";

/// Whether it acts on screen, mouse or keyboard. Such calls of one answer are a batch: after one that
/// fails, the later ones are not executed.
bool is_computer_call(const ToolUse& use);

/// Makes the call. Whatever goes wrong (unknown tool, bad input, a desk that refuses) is a result with
/// is_error and a text for the model; only cancellation is thrown. `bench` outlives the call.
Task<ToolResult> run_tool(const Bench& bench, ToolUse use);

}  // namespace carrel::agent
