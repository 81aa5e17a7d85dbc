// The memory of the server: sessions, desks, conversations, events, pictures.
//
// SQLite works synchronously and a durable commit costs an fsync, so it has a thread of its own. Work
// is a function that gets a Transaction:
//
//     const auto session = co_await store.run([id](Transaction& t) { return t.find_session(id); });
//
// Works are done in the order of the calls of run() and post(). What is asked while a commit is on
// its way shares the next one (group commit): N writers cost one fsync, not N. Reads see all that
// was asked before them. Events reach their followers only after their commit.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "async/task.hpp"
#include "store/feed.hpp"
#include "store/rows.hpp"
#include "store/transaction.hpp"
#include "store/write_queue.hpp"

namespace carrel::store {

using async::Task;
using Ticket = std::shared_ptr<Work>;

struct StoreOptions {
    std::string directory;        ///< of carrel.db and blobs/; exists and is ours
    std::int64_t most_pages = 0;  ///< of 4096 bytes, beyond which the store is full; 0: the disk decides
};

/// Bytes of a file system: what a program may still write, and all.
struct Room {
    std::uint64_t free = 0;
    std::uint64_t all = 0;
};

class Store {
public:
    /// Opens or makes the database, and brings its schema up to date. Throws Error with a sentence:
    /// a newer schema, a damaged file, a full disk.
    Store(async::Executor executor, StoreOptions options);
    /// Either close() came first, or the loop has stopped and still exists.
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    /// Queues `work(Transaction&)` at once; the task answers its result after the commit, or throws
    /// what it threw (nothing of it is stored then) or why the commit failed: Error{exhausted} on a full
    /// disk, Error{internal} on a damaged one. `work` runs on another thread, and again from the start
    /// when a shared commit failed: it owns all it uses. Cancelling the task does not undo the work.
    template <class Function>
    auto run(Function work) -> Task<std::invoke_result_t<Function&, Transaction&>> {
        using Result = std::invoke_result_t<Function&, Transaction&>;
        using Stored = std::conditional_t<std::is_void_v<Result>, std::monostate, Result>;
        auto result = std::make_shared<std::optional<Stored>>();
        auto ticket = enqueue([work = std::move(work), result](Transaction& transaction) mutable {
            if constexpr (std::is_void_v<Result>)
                work(transaction);
            else
                *result = work(transaction);
        });
        return finish<Result>(std::move(ticket), std::move(result));
    }

    /// Queues `work`; a failure is only logged.
    void post(std::function<void(Transaction&)> work);

    /// Follows from after the event `after` on; a number that lies in the future counts as now.
    Task<EventFollower> follow(std::string session_id, std::int64_t after);
    /// Followers of that session get what is stored, then the end.
    void close_log(const std::string& session_id);

    /// Ends all followers: they get what is stored, then the end. Returns when nobody follows any more, or
    /// after `limit`.
    Task<> close_logs(async::Duration limit) { return feeds_->close_all_and_wait(limit); }

    /// Removes the session with all it has. It is no more as soon as the first step is stored; then its rows
    /// and files go in steps between which others work. What is left when that fails, or the server ends, is
    /// left to catch_up().
    Task<> purge(std::string session_id, core::Instant now);
    /// Does what an earlier server has left, in steps: purges that were cut, what an older program stored in
    /// another way, files without a row. What fails is logged: the next start tries again.
    Task<> catch_up();
    /// Throws why nothing could be stored now: Error{exhausted} on a full disk, and others.
    Task<> check();

    /// How many follow a session's events now.
    std::size_t followers() const { return feeds_->followers(); }
    /// How many works wait for their commit.
    std::size_t waiting() const { return queue_->waiting(); }
    /// Events that this object has stored.
    std::uint64_t events_stored() const { return *events_stored_; }
    /// What the file system of the database has.
    Room room() const;

    /// Ends all followers, stores what is queued, closes the database. Nothing may be asked after.
    Task<> close();

private:
    Task<> finish_purge(std::string session_id);
    Task<> part_old_messages();

    Ticket enqueue(std::function<void(Transaction&)> work);

    template <class Result, class Slot>
    static Task<Result> finish(Ticket ticket, Slot result) {
        co_await ticket->wait();
        if constexpr (!std::is_void_v<Result>) co_return std::move(**result);
    }

    std::string directory_;
    std::shared_ptr<std::uint64_t> events_stored_ = std::make_shared<std::uint64_t>(0);
    std::shared_ptr<WriteQueue> queue_;
    std::shared_ptr<Feeds> feeds_;
};

}  // namespace carrel::store
