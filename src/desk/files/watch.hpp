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
#include "desk/files/watch_queue.hpp"
#include "net/http.hpp"

namespace carrel::desk::files {

using async::Task;

/// The watches of one stream, and what the kernel's records mean. Blocks a little where directories are
/// looked through: for the pool.
class Watches {
public:
    /// Throws not_found, and exhausted when there are more directories than a stream may watch, or the
    /// kernel has no room.
    Watches(std::string path, bool recursive);

    int descriptor() const { return notify_.get(); }
    /// Takes records as read(2) gives them, or none when it is `due`. The answer holds nothing yet of what
    /// waits for the other half of a move.
    std::vector<WatchEvent> take(std::string_view records, WatchQueue::Moment now);
    /// When to come back though nothing has come.
    std::optional<WatchQueue::Moment> due() const { return queue_.due(); }
    /// Whether what was watched is gone, so that nothing more can come.
    bool has_ended() const { return file_ ? file_->has_ended() : folders_.empty(); }

private:
    /// What watching one more directory came to.
    enum class Added { yes, already, no };
    Added add(int folder, const std::string& path);
    void take_unopened(const std::string& path, core::Code why);
    void miss(const std::string& path);
    void add_made(const std::string& path);
    void look_through(const std::string& path, bool is_told);
    void take_one(const inotify_event& record, std::string_view name, WatchQueue::Moment now);
    void take_folder_change(const inotify_event& record, const std::string& path, WatchQueue::Moment now);
    void rename_below(const std::string& from, const std::string& to);
    void leave_unnamed(const std::string& path, bool is_gone);
    void forget_below(const std::vector<std::string>& folders);

    std::string top_;
    bool recursive_;
    core::Fd notify_;
    std::optional<FileWatch> file_;  ///< when the top is one
    struct Folder {
        std::string path;   ///< empty: a record of its name is on its way
        unsigned look = 0;  ///< the last one that has found it there
    };
    std::map<int, Folder> folders_;  ///< by watch
    unsigned look_ = 0;
    /// Directories that had another name when their turn came, so that they are not watched or not looked
    /// through: a record of that is on its way.
    std::set<std::string> missed_;
    WatchQueue queue_;
    bool is_cut_ = false;
};

/// The stream; throws as Watches, and exhausted when there are too many already: `open` counts them.
Task<std::unique_ptr<net::Source>> open_watch(async::Executor executor, async::Pool& pool,
                                              std::shared_ptr<int> open, std::string path, bool recursive);

}  // namespace carrel::desk::files
