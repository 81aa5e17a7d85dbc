// The history of a conversation: how its messages are written, read and healed. Pure, but for the size of
// what they handle: pictures make messages of many hundred kilobytes.
//
// There is one canonical form of it, whoever serves the model: a list of messages of Anthropic's Messages API
// as raw JSON text, {"role":…,"content":[…]}, user and assistant in turn. Its content blocks are those of
// that API (text, thinking with its signature, tool_use, tool_result, image), its tools are the computer
// toolset, bash and the text editor, and Answer::stop_reason speaks its words. A message is written once and
// from then on kept and sent byte by byte, the vendor's own blocks exactly as they came, members that we do
// not know included: caches and signatures bind to the bytes before them, so nothing in it is ever altered or
// reordered.
//
// What goes over the wire around it (fields of a request, headers, cache marks, events of a stream, shapes of
// errors) is the Model's: agent/anthropic sends this form as it is, another vendor's Model translates.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/tools.hpp"

namespace carrel::agent {

/// Answer of a call that was cut off by a cancel, a crash or a failure.
constexpr std::string_view interrupted_call = "human stopped or interrupted tool execution";
/// Stands before what a person writes after the turn before was cut off.
constexpr std::string_view interrupted_turn = "(user stopped or interrupted and wrote the following)";

/// A person's message. With `after_interruption` the note above stands first.
std::string user_message(std::string_view text, bool after_interruption);

/// `blocks` must not be empty. Each stands in it as it is.
std::string assistant_message(std::span<const Block> blocks);

struct Answered {
    ToolUse use;
    ToolResult result;
};
/// All results of one answer; `answered` must not be empty.
std::string results_message(std::span<const Answered> answered);
ToolResult interrupted_result();

/// Nothing when the block is no well-formed tool_use; that is then the model's, or our, mistake.
core::Expected<ToolUse> parse_tool_use(std::string_view raw_block);

/// The tool calls at the end of the history that have no result yet.
std::vector<ToolUse> unanswered_calls(std::span<const std::string> messages);
/// Whether the last turn ended without an answer of the model.
bool ends_without_answer(std::span<const std::string> messages);
std::size_t count_pictures(std::span<const std::string> messages);

/// Whether the message is a person's, and its text without the note on interruptions.
std::optional<std::string> person_text(std::string_view raw_message);

}  // namespace carrel::agent
