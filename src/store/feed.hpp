// Following a session's events: replay, then live.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "async/task.hpp"
#include "store/rows.hpp"

namespace carrel::store {

using SharedEvent = std::shared_ptr<const Event>;

/// Reads at most `limit` stored events of a session after a number; throws when the store is closed.
using ReadEvents = std::function<async::Task<std::vector<Event>>(std::string session_id, std::int64_t after,
                                                                 std::int64_t limit)>;

/// The newest events of one session in memory, shared by all who follow it.
class Feed {
public:
    /// `when_gone` is called when nobody has it any more.
    Feed(async::Executor executor, std::string session_id, ReadEvents read,
         std::function<void()> when_gone = {})
        : session_id_{std::move(session_id)},
          read_{std::move(read)},
          changed_{std::move(executor)},
          when_gone_{std::move(when_gone)} {}
    ~Feed() {
        if (when_gone_) when_gone_();
    }
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    void publish(Event event);
    void close();

private:
    friend class EventFollower;

    /// Every event after base_ is in recent_. Unknown until the first one is published.
    std::optional<std::int64_t> base_;
    std::deque<SharedEvent> recent_;
    std::size_t bytes_ = 0;
    bool is_closed_ = false;
    std::string session_id_;
    ReadEvents read_;
    async::Gate changed_;
    std::function<void()> when_gone_;
};

/// Follows the events of one session from a point on: first those that are stored, then each as it is
/// stored, none missing, none twice. However slow the reader is, memory is bounded: what the feed no
/// longer holds comes from the store again. At most one next() at a time.
class EventFollower {
public:
    EventFollower(std::shared_ptr<Feed> feed, std::int64_t after) : feed_{std::move(feed)}, last_{after} {}

    /// The next event; null when the log was closed (session removed, server ending).
    async::Task<SharedEvent> next();
    /// The same, but null also when `limit` passes before one comes; is_closed() tells which.
    async::Task<SharedEvent> next_for(async::Duration limit);
    bool is_closed() const { return feed_->is_closed_; }

private:
    using Time = std::chrono::steady_clock::time_point;

    async::Task<SharedEvent> next_until(Time limit);
    SharedEvent take();
    bool must_read() const;
    async::Task<> read_page();
    async::Task<std::vector<Event>> read_unless_closed();

    std::shared_ptr<Feed> feed_;
    std::int64_t last_;
    std::vector<SharedEvent> page_;  ///< read from the store, the next one last
    bool is_caught_up_ = false;      ///< a page reached the end, some time after the feed was made
    bool has_ended_ = false;
};

/// The feeds of all sessions that are followed.
class Feeds {
public:
    explicit Feeds(async::Executor executor)
        : executor_{std::move(executor)}, one_gone_{std::make_shared<async::Gate>(executor_)} {}

    std::shared_ptr<Feed> open(const std::string& session_id, ReadEvents read);
    void publish(const std::string& session_id, Event event);
    void close(const std::string& session_id);
    void close_all();
    /// How many follow a session now.
    std::size_t followers() const;
    /// Ends all, and returns when nobody follows any more, or after `limit`.
    async::Task<> close_all_and_wait(async::Duration limit);

private:
    async::Executor executor_;
    std::shared_ptr<async::Gate> one_gone_;  ///< shared with feeds, which may be held longer than this lives
    std::map<std::string, std::weak_ptr<Feed>> feeds_;
};

}  // namespace carrel::store
