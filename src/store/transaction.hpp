// Every query of the program. A Transaction exists only while Store::run works, on the store's own
// thread; all that one function does with it is stored together or not at all.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/blobs.hpp"
#include "store/people_rows.hpp"
#include "store/pictures.hpp"
#include "store/rows.hpp"
#include "store/sql.hpp"

namespace carrel::store {

struct PurgedTable;

class Transaction {
public:
    Transaction(sql::Connection& connection, BlobFiles& blobs) : db_{connection}, files_{blobs} {}

    // --- sessions (transaction_sessions.cpp)
    void insert_session(const SessionRow& session);
    /// Archived ones too.
    std::optional<SessionRow> find_session(std::string_view id);
    /// `limit` rows of this principal from `offset` on, newest first.
    SessionPage list_sessions(std::string_view principal, bool include_archived, std::int64_t limit,
                              std::int64_t offset);
    /// The living session of that key.
    std::optional<SessionRow> find_session_by_key(std::string_view principal, std::string_view key);
    /// All that are not archived, of everybody.
    std::vector<SessionRow> living_sessions();
    void set_paused_picture(std::string_view id, std::optional<std::string> blob);
    /// The same of all principals.
    SessionPage list_all_sessions(bool include_archived, std::int64_t limit, std::int64_t offset);
    void set_title(std::string_view id, std::string_view title, core::Instant now);
    void archive_session(std::string_view id, core::Instant now);
    /// Removes the session, its history, events and blobs; files that nothing names any more, too. All at
    /// once: for one that has hardly anything. Store::purge is for the others.
    void purge_session(std::string_view id);
    /// From now on the session is no more, whatever is left of it.
    void begin_purge(std::string_view id, core::Instant now);
    /// Removes a part of such a session that fits even on a full disk; false when nothing is left of it.
    bool purge_some(std::string_view id);
    /// Whose purge was begun and not finished.
    std::vector<std::string> sessions_to_purge();
    /// Marks that `turn` is being worked on, or (nothing) that no turn is.
    void set_turn(std::string_view id, std::optional<std::string> turn, core::Instant now);
    /// Sessions with a turn that nobody finished.
    std::vector<SessionRow> sessions_with_turn();

    // --- desks (transaction_desks.cpp)
    void insert_desk(const DeskRow& desk);
    /// A warm one has an owner from now on, and what the owner wants of it.
    void set_desk_owner(const DeskRow& desk);
    /// One that was asleep is made anew: what it is known by, and that it is on the host again.
    void set_desk_anew(const DeskRow& desk);
    void set_desk_state(std::string_view id, DeskState state, std::string_view code, std::string_view reason);
    /// What a desk's screen was resized to, in pixels.
    void set_desk_screen(std::string_view id, int width, int height);
    /// The driver confirmed that nothing of it is left: its reservation is free. One that never had a session
    /// is forgotten: then there is no such desk any more.
    void set_desk_removed(std::string_view id);
    /// The ids of the session's desks, the newest first.
    std::vector<std::string> desks_of_session(std::string_view session_id);
    bool has_desk(std::string_view id);
    /// Rows of desks that may still have something on the host; those that are asleep, too.
    std::vector<DeskRow> desks_on_host();

    // --- people (transaction_people.cpp)
    void insert_key(const KeyRow& key);
    /// All, those that were revoked too.
    std::vector<KeyRow> keys();
    /// Whether there was ever one.
    bool has_key();
    /// Its links go with it.
    void revoke_key(std::string_view id, core::Instant now);
    void set_key_used(std::string_view id, core::Instant when);
    void insert_link(const LinkRow& link);
    std::vector<LinkRow> links();
    void delete_link(std::string_view id);

    // --- the conversation as the model sees it (transaction_log.cpp)
    /// Byte by byte as they were appended.
    std::vector<std::string> messages(std::string_view session_id);
    /// The newest one, its pictures left out; "" when there is none.
    std::string last_message(std::string_view session_id);
    /// Its pictures are kept as blobs of the session, and are not stored a second time.
    void append_message(std::string_view session_id, std::string_view raw);
    /// Does the same to some messages of an older program; false when there are none.
    bool part_some_messages();
    /// Removes all but the first `keep`.
    void truncate_messages(std::string_view session_id, std::size_t keep);

    // --- events (transaction_log.cpp)
    /// Its number. Followers get it after the commit. Throws not_found for an unknown session.
    std::int64_t append_event(std::string_view session_id, std::string name, std::string data);
    /// At most `limit` events with seq > after, in order.
    std::vector<Event> events_after(std::string_view session_id, std::int64_t after, std::int64_t limit);
    /// Those of that name since a turn ended last.
    std::vector<Event> events_since_turn(std::string_view session_id, std::string_view name);
    /// The greatest number; 0 when there is none.
    std::int64_t last_event(std::string_view session_id);

    /// The sum of its `usage` events.
    ModelUsage model_usage(std::string_view session_id);

    // --- blobs (transaction_log.cpp)
    /// Stores bytes under their SHA-256 (64 hex), which it answers. The file is on disk before this
    /// returns.
    std::string put_blob(std::string_view session_id, std::string_view bytes, std::string_view media_type);
    /// Only what was put for that session.
    std::optional<Blob> find_blob(std::string_view session_id, std::string_view hash);

    /// Removes files of blobs that no row names: what a crash between file and row left.
    void sweep_blobs();

    // --- for the store, after the commit
    /// What append_event added, by session.
    std::vector<std::pair<std::string, Event>> take_appended() { return std::exchange(appended_, {}); }
    /// Removes the files of purged blobs that nothing names.
    void remove_unnamed_files();
    /// Whether there is room to be given back.
    bool frees_room() const { return frees_room_; }
    /// Whether nothing of an older program's is left in the database.
    bool may_become_shrinkable() const { return may_become_shrinkable_; }
    /// Whether it frees room, or tells that a desk has ended: then it is stored on a full disk, too.
    bool may_use_reserve() const { return may_use_reserve_; }

private:
    /// The messages, by position, without their pictures.
    std::map<std::int64_t, std::string> texts_of_messages(std::string_view session_id);
    void keep_pictures(std::string_view session_id, std::int64_t position,
                       const std::vector<TakenPicture>& pictures);
    void part_message(const std::string& session_id, std::int64_t position, std::string_view raw);
    void point_session_at(const DeskRow& desk);
    bool remove_rows(std::string_view session_id, const PurgedTable& table);
    bool remove_blobs(std::string_view session_id);
    std::string principal_of(std::string_view session_id);
    bool is_blob_named(std::string_view hash);

    sql::Connection& db_;
    BlobFiles& files_;
    std::vector<std::pair<std::string, Event>> appended_;
    std::vector<std::string> purged_blobs_;
    bool may_use_reserve_ = false;
    bool frees_room_ = false;
    bool may_become_shrinkable_ = false;
};

}  // namespace carrel::store
