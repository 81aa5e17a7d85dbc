#include <fmt/format.h>

#include "store/desk_columns.hpp"
#include "store/transaction.hpp"

namespace carrel::store {

namespace {

// A session whose first desk's row is not written yet has none.
const std::string& select_sessions() {
    static const auto text = fmt::format(
        "SELECT s.id, s.principal, s.title, s.provider, s.model, s.system_prompt_suffix, s.created_at, "
        "s.updated_at, s.archived_at, s.purged_at, s.turn, s.key, s.on_idle, s.idle_seconds, "
        "s.max_age_seconds, s.paused_picture, {} FROM sessions s LEFT JOIN desks d ON d.id = "
        "s.desk_id ",
        desk_columns);
    return text;
}
constexpr int first_desk_column = 16;

SessionRow read_session(const sql::Statement& row) {
    SessionRow session;
    session.id = row.text(0);
    session.principal = row.text(1);
    session.title = row.find_text(2);
    session.provider = row.text(3);
    session.model = row.text(4);
    session.system_prompt_suffix = row.text(5);
    session.created_at = instant_of(row.number(6));
    session.updated_at = instant_of(row.number(7));
    if (!row.is_null(8)) session.archived_at = instant_of(row.number(8));
    session.is_purged = !row.is_null(9);
    session.turn = row.find_text(10);
    session.key = row.find_text(11);
    if (const auto what = row.find_text(12)) session.lifetime.on_idle = on_idle_of(*what);
    if (!row.is_null(13)) session.lifetime.idle = std::chrono::seconds{row.number(13)};
    if (!row.is_null(14)) session.lifetime.max_age = std::chrono::seconds{row.number(14)};
    session.paused_picture = row.find_text(15);
    if (!row.is_null(first_desk_column)) session.desk = read_desk(row, first_desk_column);
    return session;
}

std::optional<std::string_view> name_or_null(std::optional<OnIdle> what) {
    return what ? std::optional{name_of(*what)} : std::nullopt;
}

std::optional<std::int64_t> seconds_or_null(std::optional<std::chrono::seconds> time) {
    return time ? std::optional<std::int64_t>{time->count()} : std::nullopt;
}

std::vector<SessionRow> read_sessions(sql::Statement statement) {
    std::vector<SessionRow> sessions;
    while (statement.step()) sessions.push_back(read_session(statement));
    return sessions;
}

}  // namespace

void Transaction::insert_session(const SessionRow& session) {
    db_.prepare(
           "INSERT INTO sessions (id, principal, title, provider, model, system_prompt_suffix, created_at, "
           "updated_at, key, on_idle, idle_seconds, max_age_seconds) VALUES "
           "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(session.id, session.principal, session.title, session.provider, session.model,
              session.system_prompt_suffix, number_of(session.created_at), number_of(session.updated_at),
              session.key, name_or_null(session.lifetime.on_idle), seconds_or_null(session.lifetime.idle),
              seconds_or_null(session.lifetime.max_age))
        .run();
}

std::optional<SessionRow> Transaction::find_session(std::string_view id) {
    static const auto query = select_sessions() + "WHERE s.id = ?";
    auto statement = db_.prepare(query);
    statement.bind(id);
    if (!statement.step()) return std::nullopt;
    return read_session(statement);
}

std::optional<SessionRow> Transaction::find_session_by_key(std::string_view principal, std::string_view key) {
    static const auto query = select_sessions() +
                              "WHERE s.principal = ? AND s.key = ? AND s.archived_at IS NULL AND s.purged_at "
                              "IS NULL";
    auto statement = db_.prepare(query);
    statement.bind(principal, key);
    if (!statement.step()) return std::nullopt;
    return read_session(statement);
}

std::vector<SessionRow> Transaction::living_sessions() {
    static const auto query =
        select_sessions() + "WHERE s.archived_at IS NULL AND s.purged_at IS NULL ORDER BY s.id";
    return read_sessions(db_.prepare(query));
}

void Transaction::set_paused_picture(std::string_view id, std::optional<std::string> blob) {
    db_.prepare("UPDATE sessions SET paused_picture = ? WHERE id = ?").bind(blob, id).run();
}

SessionPage Transaction::list_sessions(std::string_view principal, bool include_archived, std::int64_t limit,
                                       std::int64_t offset) {
    static const auto query =
        select_sessions() +
        "WHERE s.principal = ? AND s.purged_at IS NULL AND (s.archived_at IS NULL OR ?) "
        "ORDER BY s.created_at DESC, s.id LIMIT ? OFFSET ?";
    SessionPage page;
    auto rows = db_.prepare(query);
    rows.bind(principal, include_archived, limit, offset);
    page.sessions = read_sessions(std::move(rows));
    auto count = db_.prepare(
        "SELECT count(*) FROM sessions WHERE principal = ? AND purged_at IS NULL AND (archived_at IS NULL OR "
        "?)");
    count.bind(principal, include_archived);
    count.step();
    page.total = count.number(0);
    return page;
}

SessionPage Transaction::list_all_sessions(bool include_archived, std::int64_t limit, std::int64_t offset) {
    static const auto query = select_sessions() +
                              "WHERE s.purged_at IS NULL AND (s.archived_at IS NULL OR ?) "
                              "ORDER BY s.created_at DESC, s.id LIMIT ? OFFSET ?";
    SessionPage page;
    auto rows = db_.prepare(query);
    rows.bind(include_archived, limit, offset);
    page.sessions = read_sessions(std::move(rows));
    auto count =
        db_.prepare("SELECT count(*) FROM sessions WHERE purged_at IS NULL AND (archived_at IS NULL OR ?)");
    count.bind(include_archived);
    count.step();
    page.total = count.number(0);
    return page;
}

void Transaction::set_title(std::string_view id, std::string_view title, core::Instant now) {
    db_.prepare("UPDATE sessions SET title = ?, updated_at = ? WHERE id = ?")
        .bind(title, number_of(now), id)
        .run();
}

void Transaction::archive_session(std::string_view id, core::Instant now) {
    may_use_reserve_ = true;
    db_.prepare("UPDATE sessions SET archived_at = coalesce(archived_at, ?), updated_at = ? WHERE id = ?")
        .bind(number_of(now), number_of(now), id)
        .run();
}

void Transaction::set_turn(std::string_view id, std::optional<std::string> turn, core::Instant now) {
    db_.prepare("UPDATE sessions SET turn = ?, updated_at = ? WHERE id = ?")
        .bind(turn, number_of(now), id)
        .run();
}

std::vector<SessionRow> Transaction::sessions_with_turn() {
    static const auto query =
        select_sessions() + "WHERE s.turn IS NOT NULL AND s.purged_at IS NULL ORDER BY s.id";
    return read_sessions(db_.prepare(query));
}

}  // namespace carrel::store
