// One publisher, many followers, each with a bounded buffer.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "async/gate.hpp"

namespace carrel::async {

/// Everything published after follow() reaches that follower in order. A follower that falls more
/// than `capacity` behind is cut off (next() answers nothing, is_overrun() is true): it must resume
/// from the store. Publishing never waits.
template <class T>
class Broadcast {
    struct Line {
        Line(Executor executor) : changed{std::move(executor)} {}
        std::deque<T> waiting;
        Gate changed;
        bool is_closed = false;
        bool is_overrun = false;
        bool is_dropped = false;
    };

public:
    class Follower {
    public:
        explicit Follower(std::shared_ptr<Line> line) : line_{std::move(line)} {}
        Follower(Follower&&) noexcept = default;
        Follower& operator=(Follower&&) noexcept = default;
        ~Follower() {
            if (line_) line_->is_dropped = true;
        }

        /// The next item; nothing after close() or an overrun.
        Task<std::optional<T>> next() {
            const auto line = line_;
            while (line->waiting.empty() && !line->is_closed && !line->is_overrun)
                co_await line->changed.wait();
            co_return take(*line);
        }
        /// The same, but nothing when `limit` passes first.
        Task<std::optional<T>> next_for(Duration limit) {
            const auto line = line_;
            const auto end = std::chrono::steady_clock::now() + limit;
            while (line->waiting.empty() && !line->is_closed && !line->is_overrun)
                if (!co_await line->changed.wait_for(end - std::chrono::steady_clock::now())) break;
            co_return take(*line);
        }
        bool is_overrun() const { return line_->is_overrun; }
        bool is_closed() const { return line_->is_closed && line_->waiting.empty(); }

    private:
        static std::optional<T> take(Line& line) {
            if (line.waiting.empty() || line.is_overrun) return std::nullopt;
            T item = std::move(line.waiting.front());
            line.waiting.pop_front();
            return item;
        }
        std::shared_ptr<Line> line_;
    };

    Broadcast(Executor executor, std::size_t capacity)
        : executor_{std::move(executor)}, capacity_{capacity} {}
    ~Broadcast() { close(); }
    Broadcast(const Broadcast&) = delete;
    Broadcast& operator=(const Broadcast&) = delete;

    Follower follow() {
        auto line = std::make_shared<Line>(executor_);
        line->is_closed = is_closed_;
        lines_.push_back(line);
        return Follower{std::move(line)};
    }

    void publish(const T& item) {
        lines_.remove_if([](const auto& line) { return line->is_dropped || line->is_overrun; });
        for (const auto& line : lines_) {
            if (line->waiting.size() >= capacity_)
                line->is_overrun = true;
            else
                line->waiting.push_back(item);
            line->changed.notify_all();
        }
    }

    /// Followers get what waits for them, then nothing more.
    void close() {
        is_closed_ = true;
        for (const auto& line : lines_) {
            line->is_closed = true;
            line->changed.notify_all();
        }
    }

private:
    Executor executor_;
    std::size_t capacity_;
    bool is_closed_ = false;
    std::list<std::shared_ptr<Line>> lines_;
};

}  // namespace carrel::async
