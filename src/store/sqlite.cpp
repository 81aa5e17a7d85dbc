#include "store/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <map>

#include "core/error.hpp"
#include "core/sys.hpp"

namespace carrel::store::sql {

namespace {

using core::Code;
using core::Error;

/// How large the journal stays after its pages are in the database; SQLite puts them there at this size.
constexpr std::int64_t journal_bytes = std::int64_t{4} << 20;
/// That the file is made shorter by in one transaction, and how many of these come after one another: more
/// than a step of a purge frees.
constexpr int pages_at_once = 128;
constexpr int most_rounds = 4;

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

class PreparedSqlite final : public Prepared {
public:
    /// Takes over `raw`.
    explicit PreparedSqlite(sqlite3_stmt* raw) : raw_{raw} {}
    PreparedSqlite(const PreparedSqlite&) = delete;
    PreparedSqlite& operator=(const PreparedSqlite&) = delete;
    ~PreparedSqlite() override { sqlite3_finalize(raw_); }

    void bind_text(int place, std::string_view value) override {
        require(sqlite3_bind_text64(raw_, place, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    }
    void bind_number(int place, std::int64_t value) override {
        require(sqlite3_bind_int64(raw_, place, value));
    }
    void bind_null(int place) override { require(sqlite3_bind_null(raw_, place)); }

    bool step() override {
        const auto result = sqlite3_step(raw_);
        if (result == SQLITE_ROW) return true;
        if (result == SQLITE_DONE) return false;
        throw error(result);
    }
    std::string text(int column) const override {
        // The order matters to SQLite: text first, then its length.
        const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(raw_, column));
        const auto size = sqlite3_column_bytes(raw_, column);
        return bytes ? std::string(bytes, static_cast<std::size_t>(size)) : std::string{};
    }
    std::int64_t number(int column) const override { return sqlite3_column_int64(raw_, column); }
    bool is_null(int column) const override { return sqlite3_column_type(raw_, column) == SQLITE_NULL; }
    void clear() noexcept override {
        sqlite3_reset(raw_);
        sqlite3_clear_bindings(raw_);
    }

private:
    Error error(int result) const { return error_of(sqlite3_db_handle(raw_), result, sqlite3_sql(raw_)); }
    void require(int result) const {
        if (result != SQLITE_OK) throw error(result);
    }

    sqlite3_stmt* raw_;
};

class Sqlite final : public Connection {
public:
    Sqlite(const std::string& path, std::int64_t most_pages) {
        const auto flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
        sqlite3* opened = nullptr;
        const auto result = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
        db_.reset(opened);  // also when it failed: it holds the reason
        check(opened, result, "open " + path);
        sqlite3_busy_timeout(opened, 5'000);
        // How a file shrinks is settled before anything is in it. Pages that are freed are overwritten only
        // where that costs no write: Debian's SQLite would put each of them into the journal.
        execute(
            "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;"
            "PRAGMA secure_delete = FAST;");
        execute(fmt::format("PRAGMA journal_size_limit = {}", journal_bytes));
        if (most_pages > 0) execute(fmt::format("PRAGMA max_page_count = {}", most_pages));
    }

    Statement prepare(std::string_view text) override {
        auto found = statements_.find(text);
        if (found == statements_.end()) {
            sqlite3_stmt* fresh = nullptr;
            check(db_.get(),
                  sqlite3_prepare_v3(db_.get(), text.data(), static_cast<int>(text.size()),
                                     SQLITE_PREPARE_PERSISTENT, &fresh, nullptr),
                  text);
            found = statements_.try_emplace(std::string{text}, fresh).first;
        }
        return Statement{found->second};
    }
    void execute(const std::string& script) override {
        check(db_.get(), sqlite3_exec(db_.get(), script.c_str(), nullptr, nullptr, nullptr), "schema");
    }
    void begin() override { prepare("BEGIN IMMEDIATE").run(); }
    bool is_in_transaction() const override { return sqlite3_get_autocommit(db_.get()) == 0; }

    std::int64_t changes() override { return sqlite3_total_changes(db_.get()); }
    void give_room_back() override {
        // The journal is written from its beginning again once all of it is in the database. The vacuum
        // writes into it too: what it frees is free only after a second time.
        execute("PRAGMA wal_checkpoint(PASSIVE)");
        for (int round = 0; round < most_rounds && free_pages() > 0; ++round)
            execute(
                fmt::format("PRAGMA incremental_vacuum({}); PRAGMA wal_checkpoint(PASSIVE)", pages_at_once));
    }
    void become_shrinkable() override {
        {
            auto mode = prepare("PRAGMA auto_vacuum");
            if (mode.step() && mode.number(0) != 0) return;
        }
        // It needs as much as the database has in it: a file, not memory.
        execute("PRAGMA temp_store = FILE; PRAGMA auto_vacuum = INCREMENTAL");
        execute("VACUUM; PRAGMA temp_store = MEMORY; PRAGMA wal_checkpoint(TRUNCATE)");
    }

    std::size_t schema_version() override {
        auto statement = prepare("PRAGMA user_version");
        statement.step();
        return static_cast<std::size_t>(statement.number(0));
    }
    void set_schema_version(std::size_t version) override {
        execute(fmt::format("PRAGMA user_version = {}", version));
    }

private:
    std::int64_t free_pages() {
        auto statement = prepare("PRAGMA freelist_count");
        return statement.step() ? statement.number(0) : 0;
    }

    struct Close {
        void operator()(sqlite3* db) const { sqlite3_close(db); }
    };

    std::unique_ptr<sqlite3, Close> db_;
    std::map<std::string, PreparedSqlite, std::less<>> statements_;  ///< by their text; end before db_
};

}  // namespace

std::unique_ptr<Connection> open_sqlite(const std::string& path, std::int64_t most_pages) {
    return std::make_unique<Sqlite>(path, most_pages);
}

}  // namespace carrel::store::sql
