// A session's log read as a conversation. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "json/parse.hpp"
#include "store/rows.hpp"

namespace carrel::session {

/// One message of the conversation, as people read it (not as the model does): pictures are links.
struct Message {
    std::string id;
    std::string role;     ///< "user" or "assistant"
    json::Value content;  ///< a string, or a list of blocks: text, thinking, tool_use, tool_result, image
    std::optional<std::string> tool_use_id;  ///< of a tool's result
    std::string timestamp;                   ///< RFC 3339
};

/// Ids are stable: the same events give the same ones. A person's message has the id that
/// send_message answered.
std::vector<Message> read_conversation(const std::vector<store::Event>& events);

/// Tool calls of the last turn that have no result: what a crash cut.
std::vector<std::string> find_unanswered_calls(const std::vector<store::Event>& events);

/// What the log says of a call that ran.
struct LoggedResult {
    std::string text;
    bool is_error = false;
    std::string picture;  ///< the hash of its blob; empty: it has none
};
/// Of the last turn, by the call's id.
std::map<std::string, LoggedResult> find_results(const std::vector<store::Event>& events);

}  // namespace carrel::session
