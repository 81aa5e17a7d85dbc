#include "desk/files/watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "desk/files/paths.hpp"

namespace carrel::desk::files {

using core::Code;
using core::Error;

namespace {

constexpr std::size_t most_folders = 8192;
/// Events of one look, and those that wait for the other half of a move: as many as the kernel would hold
/// (max_queued_events).
constexpr std::size_t most_events = 16'384;
constexpr std::uint32_t wanted = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE |
                                 IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
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
    add(folder.get(), top_);
    if (recursive_) begin_look(top_, Why::begun);
}

std::string Watches::Look::full_path(std::string_view below) const {
    return below.empty() ? path : join_path(path, below);
}

/// Whether what it holds is new to who follows. Throws when it cannot be watched.
bool Watches::add(int folder, const std::string& path) {
    // By the open directory: another one may have its name by now.
    const auto itself = fmt::format("/proc/self/fd/{}", folder);
    const auto watched = [&] {
        return ::inotify_add_watch(notify_.get(), itself.c_str(), wanted | IN_ONLYDIR);
    };
    int watch = watched();
    if (watch < 0 && errno == ENOSPC && make_room()) watch = watched();
    checked_disk("watch " + path, watch);
    if (folders_.size() >= most_folders && !folders_.contains(watch) && !make_room()) {
        ::inotify_rm_watch(notify_.get(), watch);
        throw Error{
            Code::exhausted,
            fmt::format("{} has more than {} directories to watch; watch a part of it", top_, most_folders)};
    }
    // The kernel knows a directory by itself: under a new name it has the watch that it had. What was taken
    // for another one is new here, too, and so is what could not be looked through: so may be what it holds.
    auto& known = folders_[watch];
    if (look_ && look_->why == Why::left && known.path.empty()) {
        // Nobody has heard of it, and its own record comes: that tells what it holds.
        miss(path);
        known = {path, looks_, false};
        return false;
    }
    const bool is_new = missed_.erase(path) > 0 || known.path != path;
    known = {path, looks_, false};
    return is_new;
}

/// When records were lost, what the look has not found so far may be gone; what is found later is added anew.
bool Watches::make_room() {
    if (!look_ || look_->why != Why::lost) return false;
    const auto unfound =
        std::ranges::find_if(folders_, [&](const auto& folder) { return folder.second.look != looks_; });
    if (unfound == folders_.end()) return false;
    ::inotify_rm_watch(notify_.get(), unfound->first);
    folders_.erase(unfound);
    return true;
}

/// Whether a directory was not looked into, or not when it was looked for last.
bool Watches::is_unseen(const std::string& path) const {
    return missed_.contains(path) || std::ranges::none_of(folders_, [&](const auto& folder) {
               return folder.second.path == path && !folder.second.is_closed;
           });
}

void Watches::miss(const std::string& path) {
    if (missed_.size() >= most_folders) is_cut_ = true;
    missed_.insert(path);
}

/// Watches a directory and what is below it. One that is new may have been filled before it was watched: what
/// is in it then is told as made.
void Watches::begin_look(const std::string& path, Why why, std::string other) {
    ++looks_;
    look_.emplace(why, path, std::move(other), looks_);
    const auto watch = [this](std::string_view below, int folder) {
        const auto here = look_->full_path(below);
        if (!add(folder, here)) return;
        look_->news.emplace(below);
        if (below.empty() && look_->why == Why::left) queue_.add({"created", here, {}, true});
    };
    const auto fail = [this](std::string_view below, const Error& error) { take_failure(below, error); };
    try {
        // The top may be a link; what is below is a directory that was seen to be one.
        const int flags = O_RDONLY | O_DIRECTORY | (path == top_ ? 0 : O_NOFOLLOW);
        auto folder = open_path(path, flags);
        if (recursive_)
            look_->walk.emplace(std::move(folder),
                                Walk::Options{.enters = {}, .opened = watch, .failed = fail});
        else
            add(folder.get(), path);
    } catch (const Error& error) {
        take_failure({}, error);
    }
}

/// Goes on with it; true when it is over.
bool Watches::look_on(Moment until) {
    auto& walk = look_->walk;
    while (walk && !look_->is_full) {
        const auto met = walk->next();
        if (!met) break;
        tell_made(*met);
        if (std::chrono::steady_clock::now() > until) return false;
    }
    if (walk && walk->is_cut())
        take_failure({},
                     Error{Code::exhausted,
                           fmt::format("{} has more than {} names at once, or more than {} levels; watch a "
                                       "part of it",
                                       look_->path, most_names, deepest)});
    end_look();
    return true;
}

void Watches::tell_made(const Walked& met) {
    const auto holder = std::string_view{met.path}.substr(0, met.name_at > 0 ? met.name_at - 1 : 0);
    const bool is_told = look_->why == Why::made || look_->why == Why::left;
    if (!is_told || !look_->news.contains(holder)) return;
    if (look_->told == most_events || queue_.size() >= most_events) {
        is_cut_ = true;
        return;
    }
    ++look_->told;
    queue_.add({"created", look_->full_path(met.path), {}, S_ISDIR(met.facts.st_mode)});
}

void Watches::take_failure(std::string_view below, const Error& error) {
    const auto path = look_->full_path(below);
    if (error.code() == Code::not_found) {
        if (look_->why != Why::left) miss(path);
        return;
    }
    if (error.code() == Code::forbidden) {
        // When it can be looked into, it tells so as a change of its own.
        if (look_->news.contains(below)) miss(path);
        // What was watched before it was closed to us still is, and nobody can look whether it is there.
        for (auto& [watch, folder] : folders_) {
            if (is_below(folder.path, path)) folder.look = looks_;
            if (folder.path == path) folder.is_closed = true;
        }
        return;
    }
    is_cut_ = true;
    look_->is_whole = false;
    if (error.code() != Code::exhausted) return;
    look_->is_full = true;
    if (look_->why == Why::begun && !refusal_) refusal_ = error;
}

void Watches::end_look() {
    const auto look = std::move(*look_);
    look_.reset();
    if (refusal_) throw Error{*refusal_};
    if (look.why == Why::lost) return end_lost_look(look.is_whole);
    if (look.why == Why::made && !look.other.empty()) {
        begin_look(look.other, Why::left, look.path);
        look_->since = look.since;
        if (!look.is_whole) look_->is_whole = false;
        return;
    }
    if (look.why == Why::begun || !look.is_whole) return;
    leave_unnamed(look.path, look.since);
    if (!look.other.empty()) leave_unnamed(look.other, look.since);
}

void Watches::end_lost_look(bool is_whole) {
    if (is_whole) forget_unfound();
    // Now, for who looks at the files then: from here on nothing escapes.
    is_cut_ = false;
    queue_.add({"overflow", top_, {}, true});
    if (folders_.empty()) queue_.add({"deleted", top_, {}, true});
}

/// The records of what became of them are lost.
void Watches::forget_unfound() {
    std::erase_if(folders_, [&](const auto& folder) {
        if (folder.second.look == looks_) return false;
        ::inotify_rm_watch(notify_.get(), folder.first);
        return true;
    });
}

/// A directory that came up, with what it holds already. Also below one that is watched: a record tells of a
/// name, and by now another directory may have it, whose own record comes later. The last record of each
/// finds it where it is, and all that it holds.
void Watches::add_made(const std::string& path) {
    if (recursive_) begin_look(path, Why::made);
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
    // What stands where it was is not what was renamed here: two were exchanged, or another one came. The
    // record of that may have been taken already.
    if (recursive_) begin_look(to, Why::made, from);
}

/// What has a watch by a name that is gone, or where no look `since` has found it: its own record tells its
/// name, if it lives, and all that it holds is told then. What comes of it until then would be taken for what
/// happened to the other one.
void Watches::leave_unnamed(const std::string& path, unsigned since) {
    for (auto& [watch, folder] : folders_)
        if (folder.look < since && is_below(folder.path, path)) folder.path.clear();
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
        const bool is_deleted = (record.mask & IN_DELETE) != 0;
        if (is_dir && is_deleted) leave_unnamed(path, looks_ + 1);
        if (!is_dir || is_deleted) missed_.erase(path);
        queue_.add({is_deleted ? "deleted" : "modified", path, {}, is_dir});
        // It may be readable only now.
        if (is_dir && !is_deleted && recursive_ && is_unseen(path)) add_made(path);
    }
}

void Watches::take_one(const inotify_event& record, std::string_view name, WatchQueue::Moment now) {
    if ((record.mask & IN_Q_OVERFLOW) != 0) {
        queue_.give_up(WatchQueue::Moment::max());
        if (!file_) {
            missed_.clear();
            return begin_look(top_, Why::lost);
        }
        file_->catch_up();
        queue_.add({"overflow", top_, {}, true});
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

void Watches::begin(std::string records, WatchQueue::Moment now) {
    records_ = std::move(records);
    at_ = 0;
    now_ = now;
    // What could not hold one more has left something in the kernel, and the other half may be there.
    is_all_ = records_.size() + longest_record <= records_size;
}

bool Watches::take_next() {
    const auto rest = std::string_view{records_}.substr(at_);
    inotify_event record{};
    if (rest.size() < sizeof record) return false;
    std::memcpy(&record, rest.data(), sizeof record);
    const auto whole = sizeof record + record.len;
    if (rest.size() < whole) return false;
    at_ += whole;
    const auto name = rest.substr(sizeof record, record.len);
    take_one(record, name.substr(0, name.find('\0')), now_);
    return true;
}

/// What was moved away and came up nowhere is gone from here. But another one may have taken its place with
/// no record that came later: by an exchange, or below a directory that was renamed.
void Watches::give_up(WatchQueue::Moment until) {
    const auto gone = queue_.give_up(until);
    forget_below(gone);
    for (const auto& path : gone) {
        struct stat facts{};
        if (recursive_ && ::lstat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode))
            retaken_.push_back(path);
    }
}

/// True when something is left to do.
bool Watches::end_turn() {
    if (is_all_)
        give_up(now_);
    else if (queue_.size() >= most_events)
        give_up(WatchQueue::Moment::max());
    if (!retaken_.empty()) {
        const auto path = std::move(retaken_.back());
        retaken_.pop_back();
        queue_.add({"created", path, {}, true});
        add_made(path);
        return true;
    }
    if (std::exchange(is_cut_, false)) queue_.add({"overflow", top_, {}, true});
    return false;
}

bool Watches::run(Moment until) {
    do {
        while (look_)
            if (!look_on(until)) return false;
        if (!take_next() && !end_turn()) return true;
    } while (std::chrono::steady_clock::now() <= until);
    return false;
}

}  // namespace carrel::desk::files
