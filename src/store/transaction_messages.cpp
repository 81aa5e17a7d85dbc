// The conversation as the model sees it. Pictures are the larger part of it by far; they are kept as blobs,
// which the log names as well.
#include "core/log.hpp"
#include "store/transaction.hpp"

namespace carrel::store {

namespace {

/// Of an older program's, in one step.
constexpr std::size_t most_parted_bytes = std::size_t{1} << 20;
constexpr std::int64_t most_parted_messages = 64;

struct WholeMessage {
    std::string session_id;
    std::int64_t position = 0;
};

}  // namespace

std::vector<std::string> Transaction::messages(std::string_view session_id) {
    auto texts = texts_of_messages(session_id);
    std::map<std::int64_t, std::vector<StoredPicture>> pictures;
    {
        auto row = db_.prepare(
            "SELECT position, place, hash FROM message_pictures WHERE session_id = ? ORDER BY position, "
            "place");
        row.bind(session_id);
        while (row.step()) {
            auto bytes = files_.find(row.text(2));
            // A history with a hole is of more use than none.
            if (!bytes) core::log_error("the picture {} of {} is missing", row.text(2), session_id);
            pictures[row.number(0)].push_back({static_cast<std::size_t>(row.number(1)), std::move(bytes)});
        }
    }
    std::vector<std::string> messages;
    for (auto& [position, text] : texts) {
        const auto found = pictures.find(position);
        messages.push_back(found == pictures.end() ? std::move(text) : join_pictures(text, found->second));
        if (found != pictures.end()) pictures.erase(found);
    }
    return messages;
}

std::map<std::int64_t, std::string> Transaction::texts_of_messages(std::string_view session_id) {
    auto row = db_.prepare("SELECT position, raw FROM messages WHERE session_id = ?");
    row.bind(session_id);
    std::map<std::int64_t, std::string> texts;
    while (row.step()) texts[row.number(0)] = row.text(1);
    return texts;
}

std::string Transaction::last_message(std::string_view session_id) {
    auto row = db_.prepare("SELECT raw FROM messages WHERE session_id = ? ORDER BY position DESC LIMIT 1");
    row.bind(session_id);
    return row.step() ? row.text(0) : "";
}

void Transaction::truncate_messages(std::string_view session_id, std::size_t keep) {
    db_.prepare(
           "DELETE FROM messages WHERE session_id = ?1 AND position > (SELECT coalesce(max(position), 0) "
           "FROM (SELECT position FROM messages WHERE session_id = ?1 ORDER BY position LIMIT ?2))")
        .bind(session_id, static_cast<std::int64_t>(keep))
        .run();
}

void Transaction::append_message(std::string_view session_id, std::string_view raw) {
    auto last = db_.prepare("SELECT coalesce(max(position), 0) FROM messages WHERE session_id = ?");
    last.bind(session_id);
    last.step();
    const auto position = last.number(0) + 1;
    const auto parted = part_pictures(raw);
    db_.prepare("INSERT INTO messages (session_id, position, principal, raw) VALUES (?, ?, ?, ?)")
        .bind(session_id, position, principal_of(session_id), parted.text)
        .run();
    keep_pictures(session_id, position, parted.pictures);
}

void Transaction::keep_pictures(std::string_view session_id, std::int64_t position,
                                const std::vector<TakenPicture>& pictures) {
    for (const auto& [place, bytes, media_type] : pictures)
        db_.prepare("INSERT INTO message_pictures (session_id, position, place, hash) VALUES (?, ?, ?, ?)")
            .bind(session_id, position, place, put_blob(session_id, bytes, media_type))
            .run();
}

bool Transaction::part_some_messages() {
    std::vector<WholeMessage> whole;
    {
        auto row = db_.prepare("SELECT session_id, position FROM whole_messages LIMIT ?");
        row.bind(most_parted_messages);
        while (row.step()) whole.push_back({row.text(0), row.number(1)});
    }
    may_become_shrinkable_ = whole.empty();
    frees_room_ = true;
    std::size_t bytes = 0;
    for (const auto& [session_id, position] : whole) {
        if (bytes >= most_parted_bytes) break;
        auto message = db_.prepare("SELECT raw FROM messages WHERE session_id = ? AND position = ?");
        message.bind(session_id, position);
        message.step();
        const auto raw = message.text(0);
        bytes += raw.size();
        part_message(session_id, position, raw);
    }
    return !whole.empty();
}

void Transaction::part_message(const std::string& session_id, std::int64_t position, std::string_view raw) {
    const auto parted = part_pictures(raw);
    if (!parted.pictures.empty())
        db_.prepare("UPDATE messages SET raw = ? WHERE session_id = ? AND position = ?")
            .bind(parted.text, session_id, position)
            .run();
    keep_pictures(session_id, position, parted.pictures);
    db_.prepare("DELETE FROM whole_messages WHERE session_id = ? AND position = ?")
        .bind(session_id, position)
        .run();
}

}  // namespace carrel::store
