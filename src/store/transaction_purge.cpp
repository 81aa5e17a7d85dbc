// Sessions that are removed with all they have. On a full disk the removal must be written down first, so a
// long history goes in steps that are small.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "store/desk_columns.hpp"
#include "store/transaction.hpp"

namespace carrel::store {

/// Rows of a session that are counted, and their largest column.
struct PurgedTable {
    std::string_view name;
    std::string_view number;
    std::string_view text;
};

namespace {

constexpr std::array counted_tables{PurgedTable{"messages", "position", "raw"},
                                    PurgedTable{"events", "seq", "data"}};

/// What a step writes into the journal is about the pages that it changes. Of a long text those are few.
constexpr std::int64_t most_step_bytes = 256 * 1024;
constexpr std::int64_t page_bytes = 4096;
constexpr std::int64_t most_step_rows = 1000;

}  // namespace

void Transaction::purge_session(std::string_view id) {
    may_use_reserve_ = true;
    {
        auto blob = db_.prepare("SELECT hash FROM blobs WHERE session_id = ?");
        blob.bind(id);
        while (blob.step()) purged_blobs_.push_back(blob.text(0));
    }
    db_.prepare("DELETE FROM sessions WHERE id = ?").bind(id).run();
}

void Transaction::begin_purge(std::string_view id, core::Instant now) {
    may_use_reserve_ = true;
    db_.prepare("UPDATE sessions SET purged_at = coalesce(purged_at, ?) WHERE id = ?")
        .bind(number_of(now), id)
        .run();
}

bool Transaction::purge_some(std::string_view id) {
    may_use_reserve_ = true;
    frees_room_ = true;
    for (const auto& table : counted_tables)
        if (remove_rows(id, table)) return true;
    if (remove_blobs(id)) return true;
    purge_session(id);
    return false;
}

bool Transaction::remove_rows(std::string_view session_id, const PurgedTable& table) {
    const auto select = fmt::format("SELECT {}, length({}) FROM {} WHERE session_id = ? ORDER BY {} LIMIT ?",
                                    table.number, table.text, table.name, table.number);
    std::int64_t bytes = 0;
    std::optional<std::int64_t> last;
    {
        auto row = db_.prepare(select);
        row.bind(session_id, most_step_rows);
        while (bytes < most_step_bytes && row.step()) {
            last = row.number(0);
            bytes += std::min(row.number(1), page_bytes);
        }
    }
    if (!last) return false;
    db_.prepare(fmt::format("DELETE FROM {} WHERE session_id = ? AND {} <= ?", table.name, table.number))
        .bind(session_id, *last)
        .run();
    return true;
}

bool Transaction::remove_blobs(std::string_view session_id) {
    std::vector<std::string> hashes;
    {
        auto row = db_.prepare("SELECT hash FROM blobs WHERE session_id = ? LIMIT ?");
        row.bind(session_id, most_step_rows / 4);
        while (row.step()) hashes.push_back(row.text(0));
    }
    for (auto& hash : hashes) {
        db_.prepare("DELETE FROM blobs WHERE session_id = ? AND hash = ?").bind(session_id, hash).run();
        purged_blobs_.push_back(std::move(hash));
    }
    return !hashes.empty();
}

std::vector<std::string> Transaction::sessions_to_purge() {
    auto row = db_.prepare("SELECT id FROM sessions WHERE purged_at IS NOT NULL");
    std::vector<std::string> ids;
    while (row.step()) ids.push_back(row.text(0));
    return ids;
}

}  // namespace carrel::store
