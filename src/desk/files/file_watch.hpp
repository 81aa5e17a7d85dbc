// One file that is watched by its path: whatever file stands there, for editors and other programs put a new
// one in the place of the old.
#pragma once

#include <sys/inotify.h>

#include <string>
#include <string_view>
#include <vector>

#include "desk/files/watch_queue.hpp"

namespace carrel::desk::files {

class FileWatch {
public:
    /// Of a path where something stands that is no directory; `notify` is an inotify(7) descriptor and must
    /// outlive this. Throws when it cannot be watched.
    FileWatch(int notify, std::string path);

    /// After records were lost.
    void catch_up();
    void take(const inotify_event& record, std::string_view name, WatchQueue& queue);
    /// Whether the directory that it stood in is gone, so that nothing more can come.
    bool has_ended() const { return places_.empty() && file_ < 0; }

private:
    /// A name in a directory that is watched: the path itself, and what it leads to as a link.
    struct Place {
        int folder;  ///< a watch
        std::string name;
        bool operator==(const Place&) const = default;
    };
    void look_again();
    void add_place(const std::string& path);
    bool is_watched(int folder) const;
    void take_change(const inotify_event& record, WatchQueue& queue);
    void take_of_folder(const inotify_event& record, std::string_view name, WatchQueue& queue);
    void take_of_file(const inotify_event& record, WatchQueue& queue);

    int notify_;
    std::string path_;
    std::vector<Place> places_;
    int file_ = -1;         ///< the watch of the file that stands there
    bool is_there_ = true;  ///< whether one does, as far as it was told
};

}  // namespace carrel::desk::files
