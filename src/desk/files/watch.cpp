#include "desk/files/watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "async/deadline.hpp"
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
constexpr std::size_t longest_record = sizeof(inotify_event) + NAME_MAX + 1;

}  // namespace

Watches::Watches(std::string path, bool recursive) : top_{without_slashes(path)}, recursive_{recursive} {
    notify_ = core::Fd{checked_disk("watch files", ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC))};
    struct stat facts{};
    checked_disk("watch " + top_, ::stat(top_.c_str(), &facts));
    if (!S_ISDIR(facts.st_mode)) {
        file_.emplace(notify_.get(), top_);
        return;
    }
    const auto folder = open_path(top_, O_RDONLY | O_DIRECTORY);
    if (add(folder.get(), top_) == Added::no) throw disk_error("watch " + top_, errno);
    if (recursive_) look_through(top_, false);
    if (is_cut_)
        throw Error{
            Code::exhausted,
            fmt::format("{} has more than {} directories to watch; watch a part of it", top_, most_folders)};
}

Watches::Added Watches::add(int folder, const std::string& path) {
    // By the open directory: another one may have its name by now.
    const auto itself = fmt::format("/proc/self/fd/{}", folder);
    const int watch = ::inotify_add_watch(notify_.get(), itself.c_str(), wanted | IN_ONLYDIR);
    if (watch < 0) {
        if (errno == ENOSPC) is_cut_ = true;
        return Added::no;
    }
    if (folders_.size() >= most_folders && !folders_.contains(watch)) {
        is_cut_ = true;
        ::inotify_rm_watch(notify_.get(), watch);
        return Added::no;
    }
    // The kernel knows a directory by itself: under a new name it has the watch that it had. What was taken
    // for another one is new here, too, and so is what could not be looked through: so may be what it holds.
    auto& known = folders_[watch];
    const bool is_new = missed_.erase(path) > 0 || known.path != path;
    known = {path, look_};
    return is_new ? Added::yes : Added::already;
}

void Watches::take_unopened(const std::string& path, core::Code why) {
    if (why == Code::not_found) miss(path);
    // What was watched before it was closed to us still is, and nobody can look whether it is there.
    if (why == Code::forbidden)
        for (auto& [known, folder] : folders_)
            if (is_below(folder.path, path)) folder.look = look_;
}

void Watches::miss(const std::string& path) {
    if (missed_.size() >= most_folders) is_cut_ = true;
    missed_.insert(path);
}

/// A directory that came up, with what it holds already. Also below one that is watched: a record tells of a
/// name, and by now another directory may have it, whose own record comes later. The last record of each
/// finds it where it is, and all that it holds.
void Watches::add_made(const std::string& path) {
    if (!recursive_) return;
    ++look_;
    look_through(path, true);
    leave_unnamed(path, false);
}

/// Watches a directory and what is below it. One that is new may have been filled before it was watched: what
/// is in it then is told as made.
void Watches::look_through(const std::string& path, bool is_told) {
    std::set<std::string, std::less<>> news;
    const auto full = [&](std::string_view below) { return below.empty() ? path : join_path(path, below); };
    const auto watch = [&](std::string_view below, int folder) {
        if (!is_cut_ && add(folder, full(below)) == Added::yes) news.emplace(below);
    };
    const auto fail = [&](std::string_view below, Code why) { take_unopened(full(below), why); };
    try {
        // The top may be a link; what is below is a directory that was seen to be one.
        const int flags = O_RDONLY | O_DIRECTORY | (path == top_ ? 0 : O_NOFOLLOW);
        Walk walk{open_path(path, flags), {.enters = {}, .opened = watch, .failed = fail}};
        while (const auto met = walk.next()) {
            const auto holder =
                std::string_view{met->path}.substr(0, met->name_at > 0 ? met->name_at - 1 : 0);
            if (is_told && news.contains(holder))
                queue_.add({"created", full(met->path), {}, S_ISDIR(met->facts.st_mode)});
            if (is_cut_) return;
        }
    } catch (const Error& error) {
        take_unopened(path, error.code());
    }
}

void Watches::rename_below(const std::string& from, const std::string& to) {
    for (auto& [watch, folder] : folders_)
        if (is_below(folder.path, from)) folder.path = to + folder.path.substr(from.size());
    std::vector<std::string> missed;
    std::erase_if(missed_, [&](const std::string& folder) {
        if (!is_below(folder, from)) return false;
        missed.push_back(to + folder.substr(from.size()));
        return true;
    });
    missed_.insert(missed.begin(), missed.end());
    add_made(to);
}

/// What has a watch by a name that is gone, or where the last look has found another directory: its own
/// record tells its name, if it lives, and all that it holds is told then. What comes of it until then would
/// be taken for what happened to the other one.
void Watches::leave_unnamed(const std::string& path, bool is_gone) {
    for (auto& [watch, folder] : folders_)
        if ((is_gone || folder.look != look_) && is_below(folder.path, path)) folder.path.clear();
}

/// Directories that were moved away are watched no more.
void Watches::forget_below(const std::vector<std::string>& folders) {
    for (const auto& gone : folders) {
        std::erase_if(missed_, [&](const std::string& folder) { return is_below(folder, gone); });
        std::erase_if(folders_, [&](const auto& folder) {
            if (!is_below(folder.second.path, gone)) return false;
            ::inotify_rm_watch(notify_.get(), folder.first);
            return true;
        });
    }
}

void Watches::take_folder_change(const inotify_event& record, const std::string& path,
                                 WatchQueue::Moment now) {
    const bool is_dir = (record.mask & IN_ISDIR) != 0;
    if ((record.mask & (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM)) != 0) forget_below(queue_.give_up_at(path));
    if ((record.mask & IN_MOVED_TO) != 0) {
        if (auto from = queue_.take_left(record.cookie)) {
            queue_.add({"moved", path, *from, is_dir});
            if (is_dir) rename_below(*from, path);
            return;
        }
    }
    if ((record.mask & IN_MOVED_FROM) != 0) {
        queue_.add_left(record.cookie, path, is_dir, now);
    } else if ((record.mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
        queue_.add({"created", path, {}, is_dir});
        if (is_dir) add_made(path);
    } else {
        if (is_dir && (record.mask & IN_DELETE) != 0) leave_unnamed(path, true);
        missed_.erase(path);
        queue_.add({(record.mask & IN_DELETE) != 0 ? "deleted" : "modified", path, {}, is_dir});
    }
}

void Watches::take_one(const inotify_event& record, std::string_view name, WatchQueue::Moment now) {
    if ((record.mask & IN_Q_OVERFLOW) != 0) {
        forget_below(queue_.give_up(WatchQueue::Moment::max()));
        queue_.add({"overflow", top_, {}, true});
        if (file_) file_->look_again();
        return;
    }
    if (file_) return file_->take(record, name, queue_);
    const auto folder = folders_.find(record.wd);
    if (folder == folders_.end()) return;
    const bool is_top = folder->second.path == top_;
    if ((record.mask & IN_IGNORED) != 0) {
        folders_.erase(folder);
        return;
    }
    if (folder->second.path.empty()) return;
    // Directories below are told by the one that holds them.
    if (name.empty() && !is_top) return;
    if ((record.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
        queue_.give_up(WatchQueue::Moment::max());
        queue_.add({"deleted", top_, {}, (record.mask & IN_ISDIR) != 0});
        folders_.clear();
        return;
    }
    take_folder_change(record, name.empty() ? top_ : join_path(folder->second.path, name), now);
}

std::vector<WatchEvent> Watches::take(std::string_view records, WatchQueue::Moment now) {
    // What could not hold one more has left something in the kernel, and the other half may be there.
    const bool is_all = records.size() + longest_record <= buffer_size;
    while (records.size() >= sizeof(inotify_event)) {
        inotify_event record{};
        std::memcpy(&record, records.data(), sizeof record);
        const auto whole = sizeof record + record.len;
        if (records.size() < whole) break;
        const auto name = records.substr(sizeof record, record.len);
        take_one(record, name.substr(0, name.find('\0')), now);
        records.remove_prefix(whole);
    }
    if (is_all) forget_below(queue_.give_up(now));
    if (std::exchange(is_cut_, false)) queue_.add({"overflow", top_, {}, true});
    return queue_.take();
}

namespace {

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

class WatchStream final : public net::Source {
public:
    WatchStream(async::Executor executor, async::Pool& pool, Place place, std::shared_ptr<Watches> watches)
        : pool_{pool},
          place_{std::move(place)},
          watches_{std::move(watches)},
          descriptor_{std::move(executor), ::dup(watches_->descriptor())} {}

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
        auto records = co_await next_records();
        text_ = co_await async::run_on(pool_, [watches = watches_, records = std::move(records)] {
            std::string text;
            for (const auto& event : watches->take(records, std::chrono::steady_clock::now()))
                text += frame_of(event);
            return text;
        });
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
        std::string records(buffer_size, '\0');
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
    // A comment first: who follows knows at once that it is heard.
    std::string text_{net::sse_keep_alive};
    std::size_t at_ = 0;
};

}  // namespace

Task<std::unique_ptr<net::Source>> open_watch(async::Executor executor, async::Pool& pool,
                                              std::shared_ptr<int> open, std::string path, bool recursive) {
    Place place{std::move(open)};
    auto watches = co_await async::run_on(
        pool, [path, recursive] { return std::make_shared<Watches>(path, recursive); });
    co_return std::make_unique<WatchStream>(std::move(executor), pool, std::move(place), std::move(watches));
}

}  // namespace carrel::desk::files
