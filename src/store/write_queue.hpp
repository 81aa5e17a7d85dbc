// The store's thread, and the commits that it groups.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/gate.hpp"
#include "async/run_on.hpp"
#include "async/scope.hpp"
#include "store/blobs.hpp"
#include "store/reserve.hpp"
#include "store/rows.hpp"
#include "store/sql.hpp"
#include "store/transaction.hpp"

namespace carrel::store {

/// One piece of work: queued, then done on the store's thread, then settled on the loop.
class Work {
public:
    Work(async::Executor executor, std::function<void(Transaction&)> act)
        : act_{std::move(act)}, changed_{std::move(executor)} {}

    /// Returns when it is stored; throws why not.
    async::Task<> wait();
    /// Nobody waits: a failure goes to the log.
    void log_failure() { is_failure_logged_ = true; }

private:
    friend class WriteQueue;

    std::function<void(Transaction&)> act_;
    std::unique_ptr<Transaction> transaction_;
    std::exception_ptr failure_;
    int retries_ = 0;
    bool is_settled_ = false;
    bool is_failure_logged_ = false;
    async::Gate changed_;
};

/// Commits works in the order they came, as many at once as came while the last commit was on its way.
class WriteQueue {
public:
    using Publish = std::function<void(const std::string& session_id, Event event)>;

    /// `publish` is called on the loop for each event, after its commit, before its work is settled.
    /// `directory` holds the database, the blobs and the reserve.
    WriteQueue(async::Executor executor, const std::string& directory, std::int64_t most_pages,
               Publish publish);
    ~WriteQueue();

    std::shared_ptr<Work> add(std::function<void(Transaction&)> act);
    /// Throws why nothing can be stored now.
    async::Task<> check();
    /// Does what is queued, then closes the database.
    async::Task<> close();
    bool is_closed() const { return is_closed_; }
    /// Works that wait for the commit after the one that is on its way.
    std::size_t waiting() const { return queued_.size(); }

private:
    using Batch = std::vector<std::shared_ptr<Work>>;

    async::Task<> drain();
    void settle(Work& work);
    // On the store's thread:
    void commit(const Batch& batch);
    void commit_together(const Batch& batch);
    void after_commit(const Batch& batch) noexcept;
    void give_room_back() noexcept;
    void become_shrinkable() noexcept;
    bool may_retry(Work& work);
    void act(Work& work);
    void require_room(const Work& work);

    async::Executor executor_;
    Publish publish_;
    BlobFiles files_;
    std::unique_ptr<sql::Connection> connection_;
    Reserve reserve_;
    async::Pool thread_{1};
    Batch queued_;
    bool is_draining_ = false;
    bool is_closed_ = false;
    async::Gate idle_;
    async::Scope scope_;
};

}  // namespace carrel::store
