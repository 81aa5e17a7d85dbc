#include "api/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace carrel::api {

namespace {

json::Value or_null(const std::optional<std::string>& text) {
    return text ? json::Value(*text) : json::Value();
}

json::Object limits_json(const core::Limits& limits) {
    return {{"cpus", limits.cpus},
            {"memory_mb", limits.memory / core::mebibyte},
            {"processes", limits.processes},
            {"disk_mb", limits.disk / core::mebibyte}};
}

json::Array texts_json(const std::vector<std::string>& texts) {
    json::Array array;
    for (const auto& text : texts) array.emplace_back(text);
    return array;
}

json::Object desk_json(const store::DeskRow& desk) {
    json::Object result{
        {"id", desk.id},
        {"state", store::name_of(desk.state)},
        {"image", desk.shape.image},
        {"network", core::name_of(desk.shape.network)},
        {"width", desk.shape.width},
        {"height", desk.shape.height},
        {"workspace", desk.shape.workspace.empty() ? json::Value() : json::Value(desk.shape.workspace)},
        {"limits", limits_json(desk.shape.limits)},
        {"display", desk.has_display}};
    if (!desk.reason.empty()) {
        result["reason"] = desk.reason;
        result["code"] = desk.code;
    }
    return result;
}

/// A clock may have been set back between them.
double seconds_between(core::Instant begin, core::Instant end) {
    return std::max(0.0, std::chrono::duration<double>{end - begin}.count());
}

}  // namespace

json::Object to_json(const session::Session& session) {
    const auto& row = session.row;
    return {
        {"id", row.id},
        {"user", row.principal},
        {"title", or_null(row.title)},
        {"status", row.archived_at ? "archived" : "active"},
        {"model", row.model},
        {"provider", row.provider},
        {"created_at", core::to_rfc3339(row.created_at)},
        {"updated_at", core::to_rfc3339(row.updated_at)},
        {"vnc_url", "/desk/" + row.id},
        {"busy", session.is_busy},
        {"viewers",
         json::Object{{"watching", session.viewers.watching}, {"in_control", session.viewers.in_control}}},
        {"desk", desk_json(row.desk)},
        {"key", or_null(row.key)},
        {"idle_since",
         session.rest.idle_since ? json::Value(core::to_rfc3339(*session.rest.idle_since)) : json::Value()},
        {"awake", texts_json(session.rest.awake)},
        {"queue_position", session.queue_position > 0 ? json::Value(session.queue_position) : json::Value()}};
}

json::Object to_json(const session::SessionUsage& usage) {
    const auto& [row, is_busy, model, load, now] = usage;
    json::Object desk{{"id", row.desk.id},
                      {"state", store::name_of(row.desk.state)},
                      {"age_seconds", seconds_between(row.desk.created_at, now)}};
    if (load && load->processor_time)
        desk["processor_seconds"] = std::chrono::duration<double>{*load->processor_time}.count();
    if (load && load->memory) desk["memory_bytes"] = *load->memory;
    if (load && load->processes) desk["processes"] = *load->processes;
    return {{"id", row.id},
            {"busy", is_busy},
            {"created_at", core::to_rfc3339(row.created_at)},
            {"age_seconds", seconds_between(row.created_at, now)},
            {"model", json::Object{{"provider", row.provider},
                                   {"model", row.model},
                                   {"answers", model.answers},
                                   {"input_tokens", model.input_tokens},
                                   {"output_tokens", model.output_tokens},
                                   {"cache_read_input_tokens", model.cache_read_input_tokens},
                                   {"cache_creation_input_tokens", model.cache_creation_input_tokens}}},
            {"desk", std::move(desk)}};
}

json::Object to_json(const session::Message& message) {
    return {{"id", message.id},
            {"role", message.role},
            {"content", message.content},
            {"tool_use_id", or_null(message.tool_use_id)},
            {"timestamp", message.timestamp}};
}

json::Object to_json(const session::SaidLine& said) {
    return {{"time", core::to_rfc3339(said.line.time)},
            {"desk", said.desk},
            {"program", core::name_of(said.line.speaker)},
            {"text", said.line.text}};
}

std::string to_json_text(const store::Event& event) {
    return fmt::format(R"({{"seq":{},"event":{},"data":{}}})", event.seq,
                       json::to_text(json::Value(event.name)), event.data);
}

}  // namespace carrel::api
