// What changes below a directory, or at the path of a file, as events: file/watch, by inotify (inotify(7)).
#pragma once

#include <sys/inotify.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "async/run_on.hpp"
#include "async/task.hpp"
#include "core/error.hpp"
#include "core/fd.hpp"
#include "desk/files/file_watch.hpp"
#include "desk/files/walk.hpp"
#include "desk/files/watch_queue.hpp"
#include "net/http.hpp"

namespace carrel::desk::files {

using async::Task;

/// The watches of one stream, and what the kernel's records mean. Directories are looked through, for as long
/// as the disk takes: for the pool, in slices.
class Watches {
public:
    /// Throws not_found, and exhausted when the kernel has no room. The first run() looks through what is
    /// there.
    Watches(std::string path, bool recursive);

    int descriptor() const { return notify_.get(); }
    /// Hands over records as read(2) gives them, or none when it is `due`; the last run() has answered true.
    void begin(std::string records, WatchQueue::Moment now);
    /// Takes them until `until`; true when all are taken. The first throws exhausted when there is more than
    /// a stream may watch; what later ones must leave out is told as an overflow.
    bool run(Moment until);
    /// What can be told by now, also between runs: nothing of what waits for the other half of a move.
    std::vector<WatchEvent> take() { return queue_.take(); }
    /// When to come back though nothing has come.
    std::optional<WatchQueue::Moment> due() const { return queue_.due(); }
    /// Whether what was watched is gone, so that nothing more can come.
    bool has_ended() const { return file_ ? file_->has_ended() : folders_.empty(); }

private:
    /// Why a directory is looked through: it was there, it came up, another one left its place, or (the
    /// top) records were lost.
    enum class Why { begun, made, left, lost };
    /// A directory that is being looked through.
    struct Look {
        Why why;
        std::string path;
        std::string other;   ///< of a move: where it came from is looked at next, or where it went was before
        unsigned since = 0;  ///< the first of the two
        std::optional<Walk> walk;
        std::set<std::string, std::less<>> news;  ///< below: what they hold is new, too
        std::size_t told = 0;
        bool is_whole = true;  ///< whatever is not found is not there
        bool is_full = false;  ///< more cannot be watched
        std::string full_path(std::string_view below) const;
    };
    bool add(int folder, const std::string& path);
    bool make_room();
    bool is_unseen(const std::string& path) const;
    void miss(const std::string& path);
    void begin_look(const std::string& path, Why why, std::string other = {});
    bool look_on(Moment until);
    void tell_made(const Walked& met);
    void take_failure(std::string_view below, const core::Error& error);
    void end_look();
    void end_lost_look(bool is_whole);
    void forget_unfound();
    void add_made(const std::string& path);
    bool take_next();
    bool end_turn();
    void give_up(WatchQueue::Moment until);
    void take_one(const inotify_event& record, std::string_view name, WatchQueue::Moment now);
    void take_folder_change(const inotify_event& record, const std::string& path, WatchQueue::Moment now);
    void rename_below(const std::string& from, const std::string& to);
    void leave_unnamed(const std::string& path, unsigned since);
    void forget_below(const std::vector<std::string>& folders);

    std::string top_;
    bool recursive_;
    core::Fd notify_;
    std::optional<FileWatch> file_;  ///< when the top is one
    struct Folder {
        std::string path;        ///< empty: a record of its name is on its way
        unsigned look = 0;       ///< the last one that has found it there
        bool is_closed = false;  ///< it could not be looked into then
    };
    std::map<int, Folder> folders_;  ///< by watch
    unsigned looks_ = 0;             ///< so many were begun
    std::optional<Look> look_;       ///< the one that goes on
    /// Directories that had another name when their turn came, or were closed to us, so that they are not
    /// watched or not looked through: a record of what ends that will come.
    std::set<std::string> missed_;
    /// Where a directory stands though one left it and came up nowhere.
    std::vector<std::string> retaken_;
    WatchQueue queue_;
    bool is_cut_ = false;  ///< something is not watched, or not told, and that must be
    std::optional<core::Error> refusal_;

    std::string records_;
    std::size_t at_ = 0;  ///< the next one begins there
    bool is_all_ = true;  ///< nothing was left in the kernel
    WatchQueue::Moment now_;
};

/// What one read(2) takes of records.
constexpr std::size_t records_size = std::size_t{32} << 10;

/// The stream; throws as Watches, and exhausted when there are too many already: `open` counts them.
Task<std::unique_ptr<net::Source>> open_watch(async::Executor executor, async::Pool& pool,
                                              std::shared_ptr<int> open, std::string path, bool recursive);

}  // namespace carrel::desk::files
