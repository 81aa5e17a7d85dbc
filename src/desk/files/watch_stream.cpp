#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "async/deadline.hpp"
#include "desk/files/paths.hpp"
#include "desk/files/watch.hpp"
#include "net/sse.hpp"

namespace carrel::desk::files {

using core::Code;
using core::Error;

namespace {

constexpr int most_streams = 16;

/// One of the streams that may be open; taken before anything is waited for, for others ask meanwhile.
class Place {
public:
    explicit Place(std::shared_ptr<int> open) : open_{std::move(open)} {
        if (*open_ >= most_streams)
            throw Error{
                Code::exhausted,
                fmt::format("{} streams of events are open already, which is the limit", most_streams)};
        ++*open_;
    }
    Place(Place&&) = default;
    Place& operator=(Place&&) = delete;
    ~Place() {
        if (open_) --*open_;
    }

private:
    std::shared_ptr<int> open_;
};

std::string frames_of(const std::vector<WatchEvent>& events) {
    std::string text;
    for (const auto& event : events) text += frame_of(event);
    return text;
}

class WatchStream final : public net::Source {
public:
    WatchStream(async::Executor executor, async::Pool& pool, Place place, std::shared_ptr<Watches> watches)
        : pool_{pool},
          place_{std::move(place)},
          watches_{std::move(watches)},
          descriptor_{std::move(executor), ::dup(watches_->descriptor())} {
        // A comment first: who follows knows at once that it is heard.
        text_ = std::string{net::sse_keep_alive} + frames_of(watches_->take());
    }

    Task<std::size_t> read(std::span<char> into) override {
        while (at_ == text_.size()) {
            if (watches_->has_ended()) co_return 0;
            co_await fetch();
        }
        const auto count = std::min(into.size(), text_.size() - at_);
        std::memcpy(into.data(), text_.data() + at_, count);
        at_ += count;
        co_return count;
    }

private:
    /// What a slice of the work told; nothing may be read meanwhile, for the client may be slow.
    struct Turn {
        std::string text;
        bool is_done;
    };

    Task<> fetch() {
        std::string records;
        const bool is_begun = !is_done_;
        if (!is_begun) records = co_await next_records();
        auto turn = co_await async::run_on(
            pool_, [watches = watches_, is_begun, records = std::move(records)]() mutable {
                const auto now = std::chrono::steady_clock::now();
                if (!is_begun) watches->begin(std::move(records), now);
                const bool is_done = watches->run(now + slice);
                return Turn{frames_of(watches->take()), is_done};
            });
        is_done_ = turn.is_done;
        text_ = std::move(turn.text);
        at_ = 0;
    }

    /// Nothing when nothing came until something is due.
    Task<std::string> next_records() {
        if (const auto due = watches_->due()) {
            try {
                const auto left = std::max<async::Duration>(*due - std::chrono::steady_clock::now(), {});
                co_await async::deadline(left, "the other half of a move", readable());
            } catch (const Error& error) {
                // What has come by now counts all the same: this may be late itself.
                if (error.code() != Code::timeout) throw;
            }
        } else {
            co_await readable();
        }
        std::string records(records_size, '\0');
        const auto count = ::read(descriptor_.native_handle(), records.data(), records.size());
        if (count < 0 && errno != EAGAIN && errno != EINTR) throw disk_error("read what changed", errno);
        records.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        co_return records;
    }

    Task<> readable() {
        co_await descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                        boost::asio::use_awaitable);
    }

    async::Pool& pool_;
    Place place_;
    std::shared_ptr<Watches> watches_;
    boost::asio::posix::stream_descriptor descriptor_;
    bool is_done_ = true;  ///< all records that were read are taken
    std::string text_;
    std::size_t at_ = 0;
};

}  // namespace

Task<std::unique_ptr<net::Source>> open_watch(async::Executor executor, async::Pool& pool,
                                              std::shared_ptr<int> open, std::string path, bool recursive) {
    Place place{std::move(open)};
    auto watches = co_await async::run_on(pool, [&pool, path, recursive] {
        return ended_by(pool, std::make_unique<Watches>(path, recursive));
    });
    co_await run_in_slices(pool, watches);
    co_return std::make_unique<WatchStream>(std::move(executor), pool, std::move(place), std::move(watches));
}

}  // namespace carrel::desk::files
