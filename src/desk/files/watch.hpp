// What changes below a directory, as events: file/watch, by inotify (inotify(7)).
#pragma once

#include <sys/inotify.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/run_on.hpp"
#include "async/task.hpp"
#include "core/fd.hpp"
#include "net/http.hpp"

namespace carrel::desk::files {

using async::Task;

struct WatchEvent {
    std::string_view type;  ///< "created", "modified", "deleted", "moved", "overflow"
    std::string path;       ///< absolute
    std::string from;       ///< of "moved": where it was
    bool is_dir = false;
    bool operator==(const WatchEvent&) const = default;
};

/// The event as a frame of an event stream.
std::string frame_of(const WatchEvent& event);

/// The watches of one stream, and what the kernel's records mean. Blocks a little where directories are
/// looked through: for the pool.
class Watches {
public:
    /// Throws not_found, and exhausted when there are more directories than a stream may watch, or the
    /// kernel has no room.
    Watches(std::string path, bool recursive);

    int descriptor() const { return notify_.get(); }
    /// Takes records as read(2) gives them.
    std::vector<WatchEvent> take(std::string_view records);
    /// Whether what was watched is gone, so that nothing more can come.
    bool has_ended() const { return folders_.empty(); }

private:
    struct Moved {
        std::uint32_t cookie;
        std::string path;
        bool is_dir;
    };
    bool add(const std::string& path);
    void add_below(const std::string& path, std::vector<WatchEvent>* found);
    void take_one(const inotify_event& record, std::string_view name, std::vector<WatchEvent>& events);
    void take_folder_change(const inotify_event& record, const std::string& path,
                            std::vector<WatchEvent>& events);
    void rename_below(const std::string& from, const std::string& to);
    void forget_below(const std::string& path);
    void flush_moved(std::vector<WatchEvent>& events);

    std::string top_;
    bool recursive_;
    core::Fd notify_;
    std::map<int, std::string> folders_;  ///< by watch
    std::optional<Moved> moved_;          ///< left one place; it may come up at another
    bool is_cut_ = false;
};

/// The stream; throws as Watches, and exhausted when there are too many already: `open` counts them.
Task<std::unique_ptr<net::Source>> open_watch(async::Executor executor, async::Pool& pool,
                                              std::shared_ptr<int> open, std::string path, bool recursive);

}  // namespace carrel::desk::files
