#include "session/turn_events.hpp"

#include "json/parse.hpp"

namespace carrel::session {

namespace {

std::string with_timestamp(json::Object data, core::Instant now) {
    data["timestamp"] = core::to_rfc3339(now);
    return json::to_text(data);
}

}  // namespace

std::string user_message_data(std::string_view message_id, std::string_view content, core::Instant now) {
    return with_timestamp({{"message_id", message_id}, {"content", content}}, now);
}

std::string message_start_data(std::string_view message_id, core::Instant now) {
    return with_timestamp({{"message_id", message_id}}, now);
}

std::string message_complete_data(std::string_view message_id, std::string_view status, core::Instant now) {
    return with_timestamp({{"message_id", message_id}, {"status", status}}, now);
}

std::string error_data(std::string_view message, std::string_view code, core::Instant now) {
    return with_timestamp({{"error", message}, {"code", code}}, now);
}

std::string unanswered_call_data(std::string_view tool_use_id, core::Instant now) {
    return with_timestamp({{"tool_use_id", tool_use_id}, {"output", ""}, {"error", "interrupted"}}, now);
}

}  // namespace carrel::session
