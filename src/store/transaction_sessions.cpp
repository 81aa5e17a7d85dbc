#include "store/transaction.hpp"

namespace carrel::store {

namespace {

// One list of columns for every query that answers SessionRows; a session whose first desk's row is not
// written yet has none.
constexpr std::string_view select_sessions =
    "SELECT s.id, s.principal, s.title, s.provider, s.model, s.system_prompt_suffix, s.created_at, "
    "s.updated_at, s.archived_at, s.turn, "
    "d.id, d.slot, d.image, d.nonce, d.network, d.width, d.height, d.state, d.code, d.reason, "
    "d.is_removed, d.created_at "
    "FROM sessions s LEFT JOIN desks d ON d.id = s.desk_id ";

core::Instant instant(std::int64_t milliseconds) {
    return core::Instant{std::chrono::milliseconds{milliseconds}};
}
std::int64_t number(core::Instant instant) { return instant.time_since_epoch().count(); }

DeskRow read_desk(const sql::Statement& row, const SessionRow& owner) {
    DeskRow desk;
    desk.id = row.text(10);
    desk.session_id = owner.id;
    desk.principal = owner.principal;
    desk.slot = static_cast<unsigned>(row.number(11));
    desk.image = row.text(12);
    desk.nonce = row.text(13);
    desk.network = row.text(14);
    desk.width = static_cast<int>(row.number(15));
    desk.height = static_cast<int>(row.number(16));
    desk.state = desk_state_of(row.text(17));
    desk.code = row.text(18);
    desk.reason = row.text(19);
    desk.is_removed = row.number(20) != 0;
    desk.created_at = instant(row.number(21));
    return desk;
}

SessionRow read_session(const sql::Statement& row) {
    SessionRow session;
    session.id = row.text(0);
    session.principal = row.text(1);
    session.title = row.find_text(2);
    session.provider = row.text(3);
    session.model = row.text(4);
    session.system_prompt_suffix = row.text(5);
    session.created_at = instant(row.number(6));
    session.updated_at = instant(row.number(7));
    if (!row.is_null(8)) session.archived_at = instant(row.number(8));
    session.turn = row.find_text(9);
    if (!row.is_null(10)) session.desk = read_desk(row, session);
    return session;
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
           "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(session.id, session.principal, session.title, session.provider, session.model,
              session.system_prompt_suffix, number(session.created_at), number(session.updated_at))
        .run();
}

std::optional<SessionRow> Transaction::find_session(std::string_view id) {
    static const auto query = std::string{select_sessions} + "WHERE s.id = ?";
    auto statement = db_.prepare(query);
    statement.bind(id);
    if (!statement.step()) return std::nullopt;
    return read_session(statement);
}

SessionPage Transaction::list_sessions(std::string_view principal, bool include_archived, std::int64_t limit,
                                       std::int64_t offset) {
    static const auto query = std::string{select_sessions} +
                              "WHERE s.principal = ? AND (s.archived_at IS NULL OR ?) "
                              "ORDER BY s.created_at DESC, s.id LIMIT ? OFFSET ?";
    SessionPage page;
    auto rows = db_.prepare(query);
    rows.bind(principal, include_archived, limit, offset);
    page.sessions = read_sessions(std::move(rows));
    auto count =
        db_.prepare("SELECT count(*) FROM sessions WHERE principal = ? AND (archived_at IS NULL OR ?)");
    count.bind(principal, include_archived);
    count.step();
    page.total = count.number(0);
    return page;
}

void Transaction::set_title(std::string_view id, std::string_view title, core::Instant now) {
    db_.prepare("UPDATE sessions SET title = ?, updated_at = ? WHERE id = ?")
        .bind(title, number(now), id)
        .run();
}

void Transaction::archive_session(std::string_view id, core::Instant now) {
    may_use_reserve_ = true;
    db_.prepare("UPDATE sessions SET archived_at = coalesce(archived_at, ?), updated_at = ? WHERE id = ?")
        .bind(number(now), number(now), id)
        .run();
}

void Transaction::purge_session(std::string_view id) {
    may_use_reserve_ = true;
    {
        auto blob = db_.prepare("SELECT hash FROM blobs WHERE session_id = ?");
        blob.bind(id);
        while (blob.step()) purged_blobs_.push_back(blob.text(0));
    }
    db_.prepare("DELETE FROM sessions WHERE id = ?").bind(id).run();
}

void Transaction::set_turn(std::string_view id, std::optional<std::string> turn, core::Instant now) {
    db_.prepare("UPDATE sessions SET turn = ?, updated_at = ? WHERE id = ?")
        .bind(turn, number(now), id)
        .run();
}

std::vector<SessionRow> Transaction::sessions_with_turn() {
    static const auto query = std::string{select_sessions} + "WHERE s.turn IS NOT NULL ORDER BY s.id";
    return read_sessions(db_.prepare(query));
}

}  // namespace carrel::store
