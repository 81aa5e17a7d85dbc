// What a session's log says of a turn's ends. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace carrel::session {

// Each is the data of the event of that name: a JSON object with a timestamp.

std::string user_message_data(std::string_view message_id, std::string_view content, core::Instant now);
std::string message_start_data(std::string_view message_id, core::Instant now);
std::string message_complete_data(std::string_view message_id, std::string_view status, core::Instant now);
std::string error_data(std::string_view message, std::string_view code, core::Instant now);
/// Of a tool_result, for a call that nobody will answer any more.
std::string unanswered_call_data(std::string_view tool_use_id, core::Instant now);

}  // namespace carrel::session
