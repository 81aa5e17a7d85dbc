#include "desk/files/watch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "desk/files/paths.hpp"
#include "desk/files/walk.hpp"
#include "net/sse.hpp"

namespace carrel::desk::files {

using core::Code;
using core::Error;

namespace {

constexpr std::size_t most_folders = 8192;
constexpr int most_streams = 16;
constexpr std::uint32_t wanted = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE |
                                 IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::size_t buffer_size = std::size_t{32} << 10;

bool is_below(std::string_view path, std::string_view folder) {
    return path == folder ||
           (path.starts_with(folder) && (folder == "/" || path.substr(folder.size()).starts_with('/')));
}

}  // namespace

std::string frame_of(const WatchEvent& event) {
    json::Object data;
    put_path(data, "path", event.path);
    if (!event.from.empty()) put_path(data, "from", event.from);
    data["is_dir"] = event.is_dir;
    return net::sse_frame(std::nullopt, event.type, json::to_text(data));
}

Watches::Watches(std::string path, bool recursive) : top_{without_slashes(path)}, recursive_{recursive} {
    notify_ = core::Fd{checked_disk("watch files", ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC))};
    if (!add(top_)) throw disk_error("watch " + top_, errno);
    struct stat facts{};
    if (recursive_ && ::stat(top_.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode)) add_below(top_, nullptr);
    if (is_cut_)
        throw Error{
            Code::exhausted,
            fmt::format("{} has more than {} directories to watch; watch a part of it", top_, most_folders)};
}

bool Watches::add(const std::string& path) {
    if (folders_.size() >= most_folders) {
        is_cut_ = true;
        return true;
    }
    // The top may be a link, or a file; what is below is a directory that was seen to be one.
    const std::uint32_t flags = folders_.empty() ? wanted : wanted | IN_ONLYDIR | IN_DONT_FOLLOW;
    const int watch = ::inotify_add_watch(notify_.get(), path.c_str(), flags);
    if (watch >= 0) folders_[watch] = path;
    if (watch < 0 && errno == ENOSPC) is_cut_ = true;
    return watch >= 0;
}

/// A directory may have been filled before it was watched: what is in it then is told as made.
void Watches::add_below(const std::string& path, std::vector<WatchEvent>* found) {
    std::optional<Walk> walk;
    try {
        walk.emplace(path, Walk::Options{});
    } catch (const Error&) {
        return;
    }
    while (const auto met = walk->next()) {
        const auto full = join_path(path, met->path);
        const bool is_dir = S_ISDIR(met->facts.st_mode);
        if (is_dir) add(full);
        if (found) found->push_back({"created", full, {}, is_dir});
        if (is_cut_) return;
    }
}

void Watches::rename_below(const std::string& from, const std::string& to) {
    for (auto& [watch, folder] : folders_)
        if (is_below(folder, from)) folder = to + folder.substr(from.size());
}

/// Directories that were moved away are watched no more.
void Watches::forget_below(const std::string& path) {
    for (auto place = folders_.begin(); place != folders_.end();) {
        const auto here = place++;
        if (!is_below(here->second, path)) continue;
        ::inotify_rm_watch(notify_.get(), here->first);
        folders_.erase(here);
    }
}

/// It came up nowhere here: it was moved out, and is gone as far as this stream can tell.
void Watches::flush_moved(std::vector<WatchEvent>& events) {
    if (!moved_) return;
    if (moved_->is_dir) forget_below(moved_->path);
    events.push_back({"deleted", std::move(moved_->path), {}, moved_->is_dir});
    moved_.reset();
}

void Watches::take_folder_change(const inotify_event& record, const std::string& path,
                                 std::vector<WatchEvent>& events) {
    const bool is_dir = (record.mask & IN_ISDIR) != 0;
    if ((record.mask & IN_MOVED_TO) != 0 && moved_ && moved_->cookie == record.cookie) {
        if (is_dir) rename_below(moved_->path, path);
        events.push_back({"moved", path, std::move(moved_->path), is_dir});
        moved_.reset();
        return;
    }
    flush_moved(events);
    if ((record.mask & IN_MOVED_FROM) != 0) {
        moved_ = Moved{record.cookie, path, is_dir};
    } else if ((record.mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
        events.push_back({"created", path, {}, is_dir});
        if (is_dir && recursive_) {
            add(path);
            add_below(path, &events);
        }
    } else if ((record.mask & IN_DELETE) != 0) {
        events.push_back({"deleted", path, {}, is_dir});
    } else if (events.empty() || events.back() != WatchEvent{"modified", path, {}, is_dir}) {
        // A program that writes in small pieces is told once for each of our turns.
        events.push_back({"modified", path, {}, is_dir});
    }
}

void Watches::take_one(const inotify_event& record, std::string_view name, std::vector<WatchEvent>& events) {
    if ((record.mask & IN_Q_OVERFLOW) != 0) {
        flush_moved(events);
        events.push_back({"overflow", top_, {}, true});
        return;
    }
    const auto folder = folders_.find(record.wd);
    if (folder == folders_.end()) return;
    const bool is_top = folder->second == top_;
    if ((record.mask & IN_IGNORED) != 0) {
        folders_.erase(folder);
        return;
    }
    // Directories below are told by the one that holds them.
    if (name.empty() && !is_top) return;
    if ((record.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
        flush_moved(events);
        events.push_back({"deleted", top_, {}, (record.mask & IN_ISDIR) != 0});
        folders_.clear();
        return;
    }
    take_folder_change(record, name.empty() ? top_ : join_path(folder->second, name), events);
}

std::vector<WatchEvent> Watches::take(std::string_view records) {
    std::vector<WatchEvent> events;
    while (records.size() >= sizeof(inotify_event)) {
        inotify_event record{};
        std::memcpy(&record, records.data(), sizeof record);
        const auto whole = sizeof record + record.len;
        if (records.size() < whole) break;
        const auto name = records.substr(sizeof record, record.len);
        take_one(record, name.substr(0, name.find('\0')), events);
        records.remove_prefix(whole);
    }
    // The kernel gives both halves of a move in one read, unless its queue was full in between.
    flush_moved(events);
    if (std::exchange(is_cut_, false)) events.push_back({"overflow", top_, {}, true});
    return events;
}

namespace {

class WatchStream final : public net::Source {
public:
    WatchStream(async::Executor executor, async::Pool& pool, std::shared_ptr<int> open,
                std::shared_ptr<Watches> watches)
        : pool_{pool},
          open_{std::move(open)},
          watches_{std::move(watches)},
          descriptor_{std::move(executor), ::dup(watches_->descriptor())} {
        ++*open_;
    }
    ~WatchStream() override { --*open_; }

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
    Task<> fetch() {
        const auto buffer = std::make_unique_for_overwrite<char[]>(buffer_size);
        const auto count = co_await descriptor_.async_read_some(
            boost::asio::buffer(buffer.get(), buffer_size), boost::asio::use_awaitable);
        std::string records{buffer.get(), count};
        text_ = co_await async::run_on(pool_, [watches = watches_, records = std::move(records)] {
            std::string text;
            for (const auto& event : watches->take(records)) text += frame_of(event);
            return text;
        });
        at_ = 0;
    }

    async::Pool& pool_;
    std::shared_ptr<int> open_;
    std::shared_ptr<Watches> watches_;
    boost::asio::posix::stream_descriptor descriptor_;
    // A comment first: who follows knows at once that it is heard.
    std::string text_{net::sse_keep_alive};
    std::size_t at_ = 0;
};

}  // namespace

Task<std::unique_ptr<net::Source>> open_watch(async::Executor executor, async::Pool& pool,
                                              std::shared_ptr<int> open, std::string path, bool recursive) {
    if (*open >= most_streams)
        throw Error{Code::exhausted,
                    fmt::format("{} streams of events are open already, which is the limit", most_streams)};
    auto watches = co_await async::run_on(
        pool, [path, recursive] { return std::make_shared<Watches>(path, recursive); });
    co_return std::make_unique<WatchStream>(std::move(executor), pool, std::move(open), std::move(watches));
}

}  // namespace carrel::desk::files
