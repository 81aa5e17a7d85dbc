#include "store/write_queue.hpp"

#include "core/error.hpp"
#include "core/log.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"

namespace carrel::store {

namespace {

/// So often a work is tried again, once room was made for it.
constexpr int most_retries = 2;

core::Error disk_full() {
    return {core::Code::exhausted, "the disk is full: nothing more can be stored", "disk_full"};
}

bool is_disk_full_failure(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const core::Error& error) {
        return error.reason() == "disk_full";
    } catch (...) {
        return false;
    }
}

}  // namespace

async::Task<> Work::wait() {
    while (!is_settled_) co_await changed_.wait();
    if (failure_) std::rethrow_exception(failure_);
}

WriteQueue::WriteQueue(async::Executor executor, const std::string& directory, std::int64_t most_pages,
                       Publish publish)
    : executor_{executor},
      publish_{std::move(publish)},
      files_{directory + "/blobs"},
      connection_{sql::open_sqlite(directory + "/carrel.db", most_pages)},
      reserve_{directory + "/reserve"},
      idle_{executor},
      scope_{executor} {
    migrate(*connection_, migrations());
}

WriteQueue::~WriteQueue() { thread_.join(); }

std::shared_ptr<Work> WriteQueue::add(std::function<void(Transaction&)> act) {
    if (is_closed_) throw core::Error{core::Code::unavailable, "the server is ending"};
    auto work = std::make_shared<Work>(executor_, std::move(act));
    queued_.push_back(work);
    if (!std::exchange(is_draining_, true)) scope_.start("the store", drain());
    return work;
}

async::Task<> WriteQueue::drain() {
    while (!queued_.empty()) {
        const auto batch = std::exchange(queued_, {});
        co_await async::run_on(thread_, [this, batch] { commit(batch); });
        for (const auto& work : batch) settle(*work);
    }
    is_draining_ = false;
    idle_.notify_all();
}

void WriteQueue::settle(Work& work) {
    if (!work.failure_) {
        for (auto& [session_id, event] : work.transaction_->take_appended())
            publish_(session_id, std::move(event));
    } else if (work.is_failure_logged_)
        core::log_error("something could not be stored: {}", core::message_of(work.failure_));
    work.transaction_.reset();
    work.act_ = nullptr;
    work.is_settled_ = true;
    work.changed_.notify_all();
}

async::Task<> WriteQueue::check() {
    // Reading shows that the database is there; what can be written is a matter of room.
    const auto read = add([](Transaction& t) { t.list_sessions({}, false, 1, 0); });
    co_await read->wait();
    const bool is_room = co_await async::run_on(thread_, [this] {
        reserve_.restore();
        return reserve_.is_held() && reserve_.is_room_beside();
    });
    if (!is_room) throw disk_full();
}

async::Task<> WriteQueue::close() {
    is_closed_ = true;
    while (is_draining_) co_await idle_.wait();
    co_await async::run_on(thread_, [this] { connection_.reset(); });
}

// --- on the store's thread --------------------------------------------------------------------------

void WriteQueue::commit(const Batch& batch) {
    try {
        commit_together(batch);
        return after_commit(batch);
    } catch (...) {
        if (batch.size() == 1) batch.front()->failure_ = std::current_exception();
    }
    if (batch.size() == 1 && may_retry(*batch.front())) return commit(batch);
    // Somebody's work does not fit on the disk: that must not take the others' along.
    if (batch.size() > 1)
        for (const auto& work : batch) commit({work});
}

/// What frees room, or tells of a desk's end, goes into the reserve when the disk is full.
bool WriteQueue::may_retry(Work& work) {
    if (!work.transaction_ || !work.transaction_->may_use_reserve()) return false;
    if (!is_disk_full_failure(work.failure_) || work.retries_++ >= most_retries) return false;
    reserve_.release();
    give_room_back();
    return true;
}

void WriteQueue::commit_together(const Batch& batch) {
    connection_->begin();
    try {
        for (const auto& work : batch) act(*work);
        connection_->prepare("COMMIT").run();
    } catch (...) {
        if (connection_->is_in_transaction()) connection_->prepare("ROLLBACK").run();
        throw;
    }
}

/// The works are done: whatever fails here must not do them a second time.
void WriteQueue::after_commit(const Batch& batch) noexcept {
    bool frees_room = false;
    bool may_become_shrinkable = false;
    for (const auto& work : batch) {
        if (work->failure_) continue;
        frees_room |= work->transaction_->frees_room();
        may_become_shrinkable |= work->transaction_->may_become_shrinkable();
        try {
            work->transaction_->remove_unnamed_files();
        } catch (...) {
            core::log_error("files of pictures stay until the next start: {}",
                            core::message_of(std::current_exception()));
        }
    }
    if (frees_room) give_room_back();
    if (may_become_shrinkable) become_shrinkable();
    reserve_.restore();
}

void WriteQueue::give_room_back() noexcept {
    do {
        try {
            return connection_->give_room_back();
        } catch (...) {
            core::log_debug("no room is given back: {}", core::message_of(std::current_exception()));
        }
        // What the journal holds may be more than the database's file has room for: it goes into the reserve.
    } while (reserve_.release());
}

void WriteQueue::become_shrinkable() noexcept {
    try {
        connection_->become_shrinkable();
    } catch (...) {
        core::log_warning("the database's file cannot shrink yet, the next start tries again: {}",
                          core::message_of(std::current_exception()));
    }
}

void WriteQueue::act(Work& work) {
    work.failure_ = nullptr;
    work.transaction_ = std::make_unique<Transaction>(*connection_, files_);
    connection_->prepare("SAVEPOINT work").run();
    try {
        const auto changes = connection_->changes();
        work.act_(*work.transaction_);
        if (connection_->changes() != changes) require_room(work);
    } catch (...) {
        // A full disk ends the whole transaction, and then there is no savepoint to go back to.
        if (!connection_->is_in_transaction()) throw;
        connection_->prepare("ROLLBACK TO work").run();
        work.failure_ = std::current_exception();
    }
    connection_->prepare("RELEASE work").run();
}

/// Once the reserve is given up, it is for those alone for whom it was kept.
void WriteQueue::require_room(const Work& work) {
    if (reserve_.is_held() || work.transaction_->may_use_reserve()) return;
    reserve_.restore();
    if (!reserve_.is_held()) throw disk_full();
}

}  // namespace carrel::store
