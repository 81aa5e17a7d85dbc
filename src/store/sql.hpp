// A small seam over an SQL connection: statements with parameters, rows, transactions. SQLite is
// behind it (sqlite.cpp); nothing else in the program includes its header.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace carrel::store::sql {

/// A prepared statement: bind every parameter in order, then step through its rows.
///
///     auto statement = connection.prepare("SELECT id, width FROM desks WHERE slot = ?");
///     statement.bind(slot);
///     while (statement.step()) use(statement.text(0), statement.number(1));
class Statement {
public:
    explicit Statement(sqlite3_stmt* cached) : raw_{cached} {}
    Statement(Statement&& other) noexcept : raw_{std::exchange(other.raw_, nullptr)}, bound_{other.bound_} {}
    Statement& operator=(Statement&&) = delete;
    /// Resets it for its next user.
    ~Statement();

    /// The next parameters. Text is copied; an empty optional is NULL.
    template <class... Values>
    Statement& bind(const Values&... values) {
        (bind_one(values), ...);
        return *this;
    }

    /// Whether there is a row now. Throws Error: see error_of in sqlite.cpp.
    bool step();
    /// For statements without rows.
    void run();

    std::string text(int column) const;
    std::int64_t number(int column) const;
    bool is_null(int column) const;
    std::optional<std::string> find_text(int column) const;

private:
    void bind_text(std::string_view value);
    void bind_number(std::int64_t value);
    void bind_null();

    template <class Value>
    void bind_one(const Value& value) {
        if constexpr (std::integral<Value>)
            bind_number(static_cast<std::int64_t>(value));
        else
            bind_text(value);
    }
    template <class Value>
    void bind_one(const std::optional<Value>& value) {
        value ? bind_one(*value) : bind_null();
    }

    sqlite3_stmt* raw_;
    int bound_ = 0;
};

/// One connection; used by one thread at a time.
class Connection {
public:
    /// Opens or makes the file: WAL, synchronous=FULL, foreign keys checked. Throws Error.
    explicit Connection(const std::string& path);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Statements are kept by their text: prepare is cheap from the second time on.
    Statement prepare(std::string_view text);
    /// Several statements without parameters.
    void execute(const std::string& script);
    /// Whether a transaction is open: a full disk can end one behind our back.
    bool is_in_transaction() const;
    /// How many rows the last statement changed.
    std::int64_t changes() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carrel::store::sql
