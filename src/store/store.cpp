#include "store/store.hpp"

#include <sys/statvfs.h>

#include <algorithm>

#include "async/all.hpp"
#include "core/error.hpp"
#include "core/sys.hpp"

namespace carrel::store {

namespace {

/// What feeds read with; they may outlive the store, since a follower keeps its feed.
Task<std::vector<Event>> read_events(std::weak_ptr<WriteQueue> known, std::string session_id,
                                     std::int64_t after, std::int64_t limit) {
    const auto queue = known.lock();
    if (!queue) throw core::Error{core::Code::unavailable, "the store is closed"};
    auto events = std::make_shared<std::vector<Event>>();
    const auto ticket = queue->add(
        [=](Transaction& transaction) { *events = transaction.events_after(session_id, after, limit); });
    co_await ticket->wait();
    co_return std::move(*events);
}

}  // namespace

Store::Store(async::Executor executor, StoreOptions options)
    : directory_{options.directory}, feeds_{std::make_shared<Feeds>(executor)} {
    auto publish = [feeds = feeds_, stored = events_stored_](const std::string& session_id, Event event) {
        ++*stored;
        feeds->publish(session_id, std::move(event));
    };
    queue_ =
        std::make_shared<WriteQueue>(executor, options.directory, options.most_pages, std::move(publish));
}

Store::~Store() { feeds_->close_all(); }

Ticket Store::enqueue(std::function<void(Transaction&)> work) { return queue_->add(std::move(work)); }

void Store::post(std::function<void(Transaction&)> work) { enqueue(std::move(work))->log_failure(); }

Task<EventFollower> Store::follow(std::string session_id, std::int64_t after) {
    auto read = [queue = std::weak_ptr{queue_}](std::string id, std::int64_t from, std::int64_t limit) {
        return read_events(queue, std::move(id), from, limit);
    };
    // The feed is opened before the log is looked at, so that nothing falls between.
    auto feed = feeds_->open(session_id, std::move(read));
    const auto last = co_await run([session_id](Transaction& t) { return t.last_event(session_id); });
    co_return EventFollower{std::move(feed), std::min(after, last)};
}

void Store::close_log(const std::string& session_id) { feeds_->close(session_id); }

Task<> Store::purge(std::string session_id, core::Instant now) {
    co_await run([=](Transaction& t) { t.begin_purge(session_id, now); });
    close_log(session_id);
    co_await finish_purge(std::move(session_id));
}

Task<> Store::finish_purge(std::string session_id) {
    while (co_await run([=](Transaction& t) { return t.purge_some(session_id); })) continue;
}

Task<> Store::part_old_messages() {
    while (co_await run([](Transaction& t) { return t.part_some_messages(); })) continue;
}

Task<> Store::catch_up() {
    std::vector<Task<>> works;
    for (auto& id : co_await run([](Transaction& t) { return t.sessions_to_purge(); }))
        works.push_back(finish_purge(std::move(id)));
    co_await async::all("finishing a purge", std::move(works));
    std::vector<Task<>> rest;
    rest.push_back(part_old_messages());
    rest.push_back(run([](Transaction& t) { t.sweep_blobs(); }));
    co_await async::all("putting the store in order", std::move(rest));
}

Room Store::room() const {
    struct statvfs status{};
    core::checked("look at the disk of the store", ::statvfs(directory_.c_str(), &status));
    return {status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize};
}

Task<> Store::check() { return queue_->check(); }

Task<> Store::close() {
    feeds_->close_all();
    co_await queue_->close();
}

}  // namespace carrel::store
