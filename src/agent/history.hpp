// The history of a conversation: how its messages are written, read and healed. Pure, but for the size of
// what they handle: pictures make messages of many hundred kilobytes.
//
// There is one canonical form of it, whoever serves the model: a list of messages of Anthropic's Messages API
// as raw JSON text, {"role":…,"content":[…]}, user and assistant in turn. Its content blocks are those of
// that API (text, thinking with its signature, tool_use, tool_result, image), its tools are the computer
// toolset, bash and the text editor, and Answer::stop_reason speaks its words. Messages of one role that
// follow each other are one turn. A message is judged (agent/rules), written once and from then on kept and
// sent byte by byte, the vendor's own blocks exactly as they came, members that we do not know included:
// caches and signatures bind to the bytes before them. It is told otherwise (agent/retelling) only when it
// must be: when the vendor refuses it, or it outgrows what a request may hold.
//
// What goes over the wire around it (fields of a request, headers, cache marks, events of a stream, shapes of
// errors) is the Model's: agent/anthropic sends this form as it is, another vendor's Model translates.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
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

/// Stands before what a person writes when the desk was made anew since.
constexpr std::string_view desk_slept =
    "(the desk slept since: its programs were ended, and its files are as they were)";

/// What is said to a model that has paused and cannot go on from its own words: they were altered.
constexpr std::string_view go_on_note = "Go on.";

/// A text as a block.
std::string text_block(std::string_view text);

/// A text as a block.
std::string text_block(std::string_view text);

/// A person's message. With `after_interruption` and `after_sleep` the notes above stand first.
std::string user_message(std::string_view text, bool after_interruption, bool after_sleep = false);

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

/// The tool calls that have no result yet, when this is a history's last message.
std::vector<ToolUse> unanswered_calls(std::string_view last_message);

/// Results of calls by their id, as far as a log knows them.
using KnownResults = std::map<std::string, ToolResult, std::less<>>;
/// What follows a history's last message when a crash left its calls without results: those that ran get what
/// is known, the others are told to be interrupted. Nothing when there is nothing to heal.
std::optional<std::string> healing_message(std::string_view last_message, const KnownResults& known);

/// Whether a history that ends with this message, or has none (""), ended without an answer of the model.
bool ends_without_answer(std::string_view last_message);
bool is_answer(std::string_view raw_message);

/// What a turn must know of a history.
struct Survey {
    std::size_t pictures = 0;
    std::size_t bytes = 0;           ///< of all messages
    std::set<std::string> call_ids;  ///< of all tool calls with a result
};
Survey survey(std::span<const std::string> messages);

/// The raw texts of a message's blocks, in order. Messages of ours and of decoders are well-formed; of any
/// other text the answer is some list.
std::vector<std::string_view> raw_blocks(std::string_view raw_message);
/// The raw texts of the pictures in a message of ours, in order.
std::vector<std::string_view> find_pictures(std::string_view raw_message);

/// Whether the message is a person's, and its text without the note on interruptions.
std::optional<std::string> person_text(std::string_view raw_message);

}  // namespace carrel::agent
