#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "store/transaction.hpp"

namespace carrel::store {

std::string Transaction::principal_of(std::string_view session_id) {
    auto statement = db_.prepare("SELECT principal FROM sessions WHERE id = ?");
    statement.bind(session_id);
    if (!statement.step())
        throw core::Error{core::Code::not_found, fmt::format("there is no session {}", session_id)};
    return statement.text(0);
}

// --- events -----------------------------------------------------------------------------------------

std::int64_t Transaction::last_event(std::string_view session_id) {
    auto statement = db_.prepare("SELECT coalesce(max(seq), 0) FROM events WHERE session_id = ?");
    statement.bind(session_id);
    statement.step();
    return statement.number(0);
}

std::int64_t Transaction::append_event(std::string_view session_id, std::string name, std::string data) {
    const auto seq = last_event(session_id) + 1;
    db_.prepare("INSERT INTO events (session_id, seq, principal, name, data) VALUES (?, ?, ?, ?, ?)")
        .bind(session_id, seq, principal_of(session_id), name, data)
        .run();
    appended_.emplace_back(std::string{session_id}, Event{seq, std::move(name), std::move(data)});
    return seq;
}

std::vector<Event> Transaction::events_after(std::string_view session_id, std::int64_t after,
                                             std::int64_t limit) {
    auto row = db_.prepare(
        "SELECT seq, name, data FROM events WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?");
    row.bind(session_id, after, limit);
    std::vector<Event> events;
    while (row.step()) events.push_back({row.number(0), row.text(1), row.text(2)});
    return events;
}

std::vector<Event> Transaction::events_since_turn(std::string_view session_id, std::string_view name) {
    auto row = db_.prepare(
        "SELECT seq, name, data FROM events WHERE session_id = ? AND name IN (?, 'message_complete') "
        "ORDER BY seq DESC");
    row.bind(session_id, name);
    std::vector<Event> events;
    while (row.step() && row.text(1) == name) events.push_back({row.number(0), row.text(1), row.text(2)});
    std::ranges::reverse(events);
    return events;
}

ModelUsage Transaction::model_usage(std::string_view session_id) {
    auto row = db_.prepare(
        "SELECT count(*), total(data ->> '$.input_tokens'), total(data ->> '$.output_tokens'), "
        "total(data ->> '$.cache_read_input_tokens'), total(data ->> '$.cache_creation_input_tokens') "
        "FROM events WHERE session_id = ? AND name = 'usage'");
    row.bind(session_id);
    row.step();
    return {row.number(0), row.number(1), row.number(2), row.number(3), row.number(4)};
}

// --- blobs ------------------------------------------------------------------------------------------

std::string Transaction::put_blob(std::string_view session_id, std::string_view bytes,
                                  std::string_view media_type) {
    const auto principal = principal_of(session_id);
    auto hash = files_.put(bytes);
    db_.prepare(
           "INSERT INTO blobs (session_id, hash, principal, media_type, size) VALUES (?, ?, ?, ?, ?) "
           "ON CONFLICT DO NOTHING")
        .bind(session_id, hash, principal, media_type, bytes.size())
        .run();
    return hash;
}

std::optional<Blob> Transaction::find_blob(std::string_view session_id, std::string_view hash) {
    auto row = db_.prepare("SELECT media_type FROM blobs WHERE session_id = ? AND hash = ?");
    row.bind(session_id, hash);
    if (!row.step()) return std::nullopt;
    return Blob{files_.get(hash), row.text(0)};
}

void Transaction::sweep_blobs() {
    files_.sweep([this](std::string_view hash) { return is_blob_named(hash); });
}

void Transaction::remove_unnamed_files() {
    for (const auto& hash : std::exchange(purged_blobs_, {}))
        if (!is_blob_named(hash)) files_.remove(hash);
}

bool Transaction::is_blob_named(std::string_view hash) {
    auto row = db_.prepare("SELECT 1 FROM blobs WHERE hash = ? LIMIT 1");
    row.bind(hash);
    return row.step();
}

}  // namespace carrel::store
