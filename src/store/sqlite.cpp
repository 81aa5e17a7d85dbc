#include <fmt/format.h>
#include <sqlite3.h>

#include <map>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "store/sql.hpp"

namespace carrel::store::sql {

namespace {

using core::Code;
using core::Error;

bool is_disk_full(int system_error) {
    return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

/// What an SQLite result means to us (https://www.sqlite.org/rescode.html).
Error error_of(sqlite3* db, int result, std::string_view doing) {
    const auto detail = fmt::format("{}: {}", doing, db ? sqlite3_errmsg(db) : sqlite3_errstr(result));
    switch (result & 0xff) {
        case SQLITE_FULL:
            return Error{Code::exhausted, "the disk is full: nothing more can be stored (" + detail + ")",
                         "disk_full"};
        case SQLITE_IOERR:
            if (db && is_disk_full(sqlite3_system_errno(db)))
                return Error{Code::exhausted, "the disk is full: nothing more can be stored (" + detail + ")",
                             "disk_full"};
            return Error{Code::internal, detail};
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return Error{Code::internal,
                         "the database is damaged: move it away or restore a copy (" + detail + ")",
                         "database_damaged"};
        case SQLITE_CONSTRAINT: return Error{Code::conflict, detail};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Error{Code::unavailable, "another program holds the database (" + detail + ")"};
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_READONLY:
            return Error{Code::forbidden, "the database cannot be opened for writing (" + detail + ")"};
        default: return Error{Code::internal, detail};
    }
}

void check(sqlite3* db, int result, std::string_view doing) {
    if (result != SQLITE_OK) throw error_of(db, result, doing);
}

void check(sqlite3_stmt* statement, int result) {
    if (result != SQLITE_OK) throw error_of(sqlite3_db_handle(statement), result, sqlite3_sql(statement));
}

}  // namespace

// --- Statement --------------------------------------------------------------------------------------

Statement::~Statement() {
    if (!raw_) return;
    sqlite3_reset(raw_);
    sqlite3_clear_bindings(raw_);
}

bool Statement::step() {
    const auto result = sqlite3_step(raw_);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    throw error_of(sqlite3_db_handle(raw_), result, sqlite3_sql(raw_));
}

void Statement::run() {
    while (step()) continue;
}

std::string Statement::text(int column) const {
    // The order matters to SQLite: text first, then its length.
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(raw_, column));
    const auto size = sqlite3_column_bytes(raw_, column);
    return bytes ? std::string(bytes, static_cast<std::size_t>(size)) : std::string{};
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(raw_, column); }

bool Statement::is_null(int column) const { return sqlite3_column_type(raw_, column) == SQLITE_NULL; }

std::optional<std::string> Statement::find_text(int column) const {
    if (is_null(column)) return std::nullopt;
    return text(column);
}

void Statement::bind_text(std::string_view value) {
    check(raw_,
          sqlite3_bind_text64(raw_, ++bound_, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind_number(std::int64_t value) { check(raw_, sqlite3_bind_int64(raw_, ++bound_, value)); }

void Statement::bind_null() { check(raw_, sqlite3_bind_null(raw_, ++bound_)); }

// --- Connection -------------------------------------------------------------------------------------

struct Connection::State {
    sqlite3* db = nullptr;
    std::map<std::string, sqlite3_stmt*, std::less<>> statements;

    ~State() {
        for (const auto& [text, statement] : statements) sqlite3_finalize(statement);
        sqlite3_close(db);
    }
};

Connection::Connection(const std::string& path) : state_{std::make_unique<State>()} {
    const auto flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    check(state_->db, sqlite3_open_v2(path.c_str(), &state_->db, flags, nullptr), "open " + path);
    sqlite3_busy_timeout(state_->db, 5'000);
    execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;");
}

Connection::~Connection() = default;

Statement Connection::prepare(std::string_view text) {
    auto found = state_->statements.find(text);
    if (found == state_->statements.end()) {
        sqlite3_stmt* fresh = nullptr;
        check(state_->db,
              sqlite3_prepare_v3(state_->db, text.data(), static_cast<int>(text.size()),
                                 SQLITE_PREPARE_PERSISTENT, &fresh, nullptr),
              text);
        found = state_->statements.emplace(text, fresh).first;
    }
    return Statement{found->second};
}

void Connection::execute(const std::string& script) {
    check(state_->db, sqlite3_exec(state_->db, script.c_str(), nullptr, nullptr, nullptr), "schema");
}

bool Connection::is_in_transaction() const { return sqlite3_get_autocommit(state_->db) == 0; }

std::int64_t Connection::changes() const { return sqlite3_changes64(state_->db); }

}  // namespace carrel::store::sql
