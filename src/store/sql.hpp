// A small seam over an SQL connection: statements with parameters, rows, transactions. What is behind it is
// some database's own (sqlite.hpp opens one); nothing here names it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace carrel::store::sql {

/// A statement that a database has understood and keeps for its next user. Its parameters are counted from 1,
/// its columns from 0. All but clear() throw Error.
class Prepared {
public:
    virtual ~Prepared() = default;
    /// The text is copied.
    virtual void bind_text(int place, std::string_view value) = 0;
    virtual void bind_number(int place, std::int64_t value) = 0;
    virtual void bind_null(int place) = 0;
    /// Whether there is a row now.
    virtual bool step() = 0;
    /// Of the row: empty for NULL, and 0.
    virtual std::string text(int column) const = 0;
    virtual std::int64_t number(int column) const = 0;
    virtual bool is_null(int column) const = 0;
    /// Ends its use: no row and no parameter is left.
    virtual void clear() noexcept = 0;
};

/// One use of a prepared statement: bind every parameter in order, then step through its rows.
///
///     auto statement = connection.prepare("SELECT id, width FROM desks WHERE slot = ?");
///     statement.bind(slot);
///     while (statement.step()) use(statement.text(0), statement.number(1));
class Statement {
public:
    /// `prepared` is kept by its connection.
    explicit Statement(Prepared& prepared) : prepared_{&prepared} {}
    Statement(Statement&& other) noexcept
        : prepared_{std::exchange(other.prepared_, nullptr)}, bound_{other.bound_} {}
    Statement& operator=(Statement&&) = delete;
    ~Statement() {
        if (prepared_) prepared_->clear();
    }

    /// The next parameters. Text is copied; an empty optional is NULL.
    template <class... Values>
    Statement& bind(const Values&... values) {
        (bind_one(values), ...);
        return *this;
    }

    /// Whether there is a row now. Throws Error: exhausted on a full disk (reason "disk_full"), conflict when
    /// a rule of the schema forbids it, internal on a damaged database, and the like.
    bool step() { return prepared_->step(); }
    /// For statements without rows.
    void run() {
        while (step()) continue;
    }

    std::string text(int column) const { return prepared_->text(column); }
    std::int64_t number(int column) const { return prepared_->number(column); }
    bool is_null(int column) const { return prepared_->is_null(column); }
    std::optional<std::string> find_text(int column) const {
        if (is_null(column)) return std::nullopt;
        return text(column);
    }

private:
    template <class Value>
    void bind_one(const Value& value) {
        if constexpr (std::integral<Value>)
            prepared_->bind_number(++bound_, static_cast<std::int64_t>(value));
        else
            prepared_->bind_text(++bound_, value);
    }
    template <class Value>
    void bind_one(const std::optional<Value>& value) {
        value ? bind_one(*value) : prepared_->bind_null(++bound_);
    }

    Prepared* prepared_;
    int bound_ = 0;
};

/// One connection; used by one thread at a time. Everything throws Error as Statement::step does.
class Connection {
public:
    virtual ~Connection() = default;
    /// Statements are kept by their text: prepare is cheap from the second time on.
    virtual Statement prepare(std::string_view text) = 0;
    /// Several statements without parameters.
    virtual void execute(const std::string& script) = 0;
    /// Begins a transaction that writes: nobody else writes until it ends.
    virtual void begin() = 0;
    /// Whether a transaction is open: a full disk can end one behind our back.
    virtual bool is_in_transaction() const = 0;
    /// How many rows were changed since it was opened: whether a work has written.
    virtual std::int64_t changes() = 0;
    /// Gives a part of what deleted rows left back to the file system, outside of transactions. On a full
    /// disk it makes room for the next, not too large, transaction.
    virtual void give_room_back() = 0;
    /// Lets give_room_back() work on a database of an older program: writes all of it anew, once.
    virtual void become_shrinkable() = 0;
    /// How many steps of the schema the database has; a change belongs to the open transaction.
    virtual std::size_t schema_version() = 0;
    virtual void set_schema_version(std::size_t version) = 0;
};

}  // namespace carrel::store::sql
