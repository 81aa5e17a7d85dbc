#include "session/event_sink.hpp"

#include <fmt/format.h>

#include <utility>

namespace carrel::session {

namespace {

constexpr std::chrono::milliseconds joining_time{50};

std::string picture_path(std::string_view session_id, std::string_view hash) {
    return fmt::format("/api/v1/sessions/{}/blobs/{}", session_id, hash);
}

}  // namespace

EventSink::EventSink(async::Executor executor, store::Store& store, const core::Clock& clock,
                     std::string session_id)
    : store_{store}, clock_{clock}, session_id_{std::move(session_id)}, scope_{std::move(executor)} {}

// --- joined -----------------------------------------------------------------------------------------

void EventSink::text(std::string_view piece) { join("text", piece); }
void EventSink::thinking(std::string_view piece) { join("thinking", piece); }

void EventSink::join(std::string_view kind, std::string_view piece) {
    if (kind_ != kind) flush();
    kind_ = kind;
    waiting_ += piece;
    if (is_flush_due_) return;
    if (std::chrono::steady_clock::now() - last_flush_ >= joining_time) return flush();
    is_flush_due_ = true;
    scope_.start("joining text", flush_later());
}

Task<> EventSink::flush_later() {
    co_await async::pause(last_flush_ + joining_time - std::chrono::steady_clock::now());
    is_flush_due_ = false;
    flush();
}

void EventSink::flush() {
    if (waiting_.empty()) return;
    last_flush_ = std::chrono::steady_clock::now();
    post(kind_, {{"content", std::exchange(waiting_, {})}});
}

Task<> EventSink::finish() {
    co_await scope_.close();
    flush();
}

// --- at once ----------------------------------------------------------------------------------------

void EventSink::post(std::string_view name, json::Object data) {
    data["timestamp"] = core::to_rfc3339(clock_.now());
    store_.post([session = session_id_, name = std::string{name},
                 text = json::to_text(data)](store::Transaction& t) { t.append_event(session, name, text); });
}

void EventSink::status(std::string_view message, std::optional<double> retry_after) {
    flush();
    json::Object data{{"message", message}};
    if (retry_after) data["retry_after"] = *retry_after;
    post("status", std::move(data));
}

Task<> EventSink::tool_use(std::string name, json::Object input, std::string tool_use_id) {
    flush();
    json::Object data{{"tool", std::move(name)},
                      {"input", std::move(input)},
                      {"tool_use_id", std::move(tool_use_id)},
                      {"timestamp", core::to_rfc3339(clock_.now())}};
    // No coroutine: it is on its way to the store when this returns.
    return store_.run([session = session_id_, text = json::to_text(data)](store::Transaction& t) {
        t.append_event(session, "tool_use", text);
    });
}

Task<> EventSink::tool_result(std::string tool_use_id, const agent::ToolResult& result) {
    flush();
    json::Object data{{"tool_use_id", std::move(tool_use_id)},
                      {"output", result.is_error ? "" : result.text}};
    if (result.is_error) data["error"] = result.text;
    data["timestamp"] = core::to_rfc3339(clock_.now());
    // The picture and the event that names it are one commit; its file is on disk before.
    return store_.run([session = session_id_, picture = result.picture,
                       data = std::move(data)](store::Transaction& t) mutable {
        if (picture)
            data["screenshot"] =
                picture_path(session, t.put_blob(session, picture->bytes, picture->media_type));
        t.append_event(session, "tool_result", json::to_text(data));
    });
}

Task<> EventSink::usage(agent::Usage usage) {
    flush();
    const auto text =
        json::to_text(json::Object{{"input_tokens", usage.input_tokens},
                                   {"output_tokens", usage.output_tokens},
                                   {"cache_read_input_tokens", usage.cache_read_input_tokens},
                                   {"cache_creation_input_tokens", usage.cache_creation_input_tokens},
                                   {"timestamp", core::to_rfc3339(clock_.now())}});
    // Nothing depends on it, so nobody waits for this commit.
    store_.post(
        [session = session_id_, text](store::Transaction& t) { t.append_event(session, "usage", text); });
    co_return;
}

}  // namespace carrel::session
