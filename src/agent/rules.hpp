// What the Messages API refuses in a history, whoever serves the model: judged, and mended where there is a
// mend, before anything enters it. What stands in a history once is sent with every later request, so one
// block that is refused would end the session. Pure.
//
// That roles take turns, that the first message is a person's and that each call has one result in the very
// next message, before any text, is so by how agent/loop and agent/history write messages.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/tools.hpp"

namespace carrel::agent {

/// A call that the history keeps.
struct Call {
    ToolUse use;
    std::string problem;  ///< why it cannot be made; empty: it can
};

/// What of an answer the history can keep.
struct LawfulAnswer {
    std::vector<Block> blocks;    ///< none: nothing of it
    std::vector<Call> calls;      ///< the tool calls among `blocks`, in order
    bool is_altered = false;      ///< something was left out or changed
    bool has_lost_calls = false;  ///< a tool call could not be kept
};

/// Left out are: texts of white space, thoughts without their signature, thoughts that nothing follows, what
/// is no object with a type, and calls without a usable name. A call's id that is none, or is among
/// `taken_ids` (or stands twice), becomes another one; an input that is no object becomes {} and is the
/// call's problem.
LawfulAnswer make_lawful(const std::vector<Block>& blocks, const std::set<std::string>& taken_ids);

/// Most bytes of one picture: what the vendor takes (5 MB in base64), with room to spare.
constexpr std::size_t most_picture_bytes = 3'700'000;

/// Errors hold only text; a text is well-formed, not blank and of a bounded length; a picture is what its
/// type says and not too large, or the result becomes an error that says so.
ToolResult make_lawful(ToolResult result);

}  // namespace carrel::agent
