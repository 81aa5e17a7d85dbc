#include "store/feed.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace carrel::store {

namespace {

constexpr std::size_t most_recent_events = 256;
constexpr std::size_t most_recent_bytes = std::size_t{1} << 20;
constexpr std::int64_t page_size = 64;

}  // namespace

// --- Feed -------------------------------------------------------------------------------------------

void Feed::publish(Event event) {
    if (!base_) base_ = event.seq - 1;
    bytes_ += event.data.size();
    recent_.push_back(std::make_shared<const Event>(std::move(event)));
    while (recent_.size() > most_recent_events || (bytes_ > most_recent_bytes && recent_.size() > 1)) {
        bytes_ -= recent_.front()->data.size();
        base_ = recent_.front()->seq;
        recent_.pop_front();
    }
    changed_.notify_all();
}

void Feed::close() {
    is_closed_ = true;
    changed_.notify_all();
}

// --- EventFollower ----------------------------------------------------------------------------------

async::Task<SharedEvent> EventFollower::next() { return next_until(Time::max()); }

async::Task<SharedEvent> EventFollower::next_for(async::Duration limit) {
    return next_until(std::chrono::steady_clock::now() + limit);
}

async::Task<SharedEvent> EventFollower::next_until(Time limit) {
    while (true) {
        if (must_read()) co_await read_page();
        if (has_ended_) co_return nullptr;
        if (auto event = take()) co_return event;
        if (must_read()) continue;
        if (feed_->is_closed_) co_return nullptr;
        if (limit == Time::max())
            co_await feed_->changed_.wait();
        else if (!co_await feed_->changed_.wait_for(limit - std::chrono::steady_clock::now()))
            co_return nullptr;
    }
}

SharedEvent EventFollower::take() {
    if (!page_.empty()) {
        auto event = std::move(page_.back());
        page_.pop_back();
        last_ = event->seq;
        return event;
    }
    if (!feed_->base_ || last_ < *feed_->base_) return nullptr;
    const auto& recent = feed_->recent_;
    const auto found =
        std::ranges::upper_bound(recent, last_, {}, [](const auto& event) { return event->seq; });
    if (found == recent.end()) return nullptr;
    last_ = (*found)->seq;
    return *found;
}

bool EventFollower::must_read() const {
    if (!page_.empty()) return false;
    return feed_->base_ ? last_ < *feed_->base_ : !is_caught_up_;
}

async::Task<std::vector<Event>> EventFollower::read_unless_closed() {
    try {
        co_return co_await feed_->read_(feed_->session_id_, last_, page_size);
    } catch (const core::Error&) {
        if (!feed_->is_closed_) throw;
    }
    has_ended_ = true;  // the store is closed: what it still holds is for the next time
    co_return std::vector<Event>{};
}

async::Task<> EventFollower::read_page() {
    const auto base = feed_->base_;
    auto events = co_await read_unless_closed();
    if (static_cast<std::int64_t>(events.size()) < page_size) is_caught_up_ = true;
    // Nothing stored between last_ and what the feed holds: numbers may skip.
    if (events.empty() && base) last_ = std::max(last_, *base);
    for (auto event = events.rbegin(); event != events.rend(); ++event)
        page_.push_back(std::make_shared<const Event>(std::move(*event)));
}

// --- Feeds ------------------------------------------------------------------------------------------

std::shared_ptr<Feed> Feeds::open(const std::string& session_id, ReadEvents read) {
    std::erase_if(feeds_, [](const auto& entry) { return entry.second.expired(); });
    auto& known = feeds_[session_id];
    auto feed = known.lock();
    if (!feed)
        known = feed = std::make_shared<Feed>(executor_, session_id, std::move(read),
                                              [gone = one_gone_] { gone->notify_all(); });
    return feed;
}

void Feeds::publish(const std::string& session_id, Event event) {
    const auto found = feeds_.find(session_id);
    if (found == feeds_.end()) return;
    if (const auto feed = found->second.lock()) feed->publish(std::move(event));
}

void Feeds::close(const std::string& session_id) {
    const auto found = feeds_.find(session_id);
    if (found == feeds_.end()) return;
    if (const auto feed = found->second.lock()) feed->close();
    feeds_.erase(found);
}

std::size_t Feeds::followers() const {
    // A feed is held by whoever follows it, and by nobody else.
    std::size_t count = 0;
    for (const auto& [session, feed] : feeds_) count += static_cast<std::size_t>(feed.use_count());
    return count;
}

async::Task<> Feeds::close_all_and_wait(async::Duration limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    const auto closed = feeds_;
    close_all();
    const auto is_gone = [&] {
        return std::ranges::all_of(closed, [](const auto& entry) { return entry.second.expired(); });
    };
    const auto gone = one_gone_;
    while (!is_gone() && co_await gone->wait_for(
                             std::chrono::ceil<async::Duration>(until - std::chrono::steady_clock::now()))) {
    }
}

void Feeds::close_all() {
    for (const auto& [id, known] : feeds_)
        if (const auto feed = known.lock()) feed->close();
    feeds_.clear();
}

}  // namespace carrel::store
