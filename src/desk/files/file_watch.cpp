#include "desk/files/file_watch.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "desk/files/disk.hpp"
#include "desk/files/paths.hpp"

namespace carrel::desk::files {

namespace {

constexpr std::uint32_t of_file = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t of_place =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

/// Where links lead, also when nothing stands there.
std::string end_of_links(const std::string& path) {
    try {
        return resolved(path);
    } catch (const core::Error&) {
        return path;
    }
}

}  // namespace

FileWatch::FileWatch(int notify, std::string path) : notify_{notify}, path_{std::move(path)} {
    look_again();
    if (file_ < 0) throw disk_error("watch " + path_, errno);
}

void FileWatch::add_place(const std::string& path) {
    const int folder = ::inotify_add_watch(notify_, folder_of(path).c_str(), of_place);
    // Not every directory may be read: the file alone is watched then.
    if (folder < 0) return;
    Place place{folder, std::string{last_step(path)}};
    if (std::ranges::find(places_, place) == places_.end()) places_.push_back(std::move(place));
}

bool FileWatch::is_watched(int folder) const {
    return std::ranges::find(places_, folder, &Place::folder) != places_.end();
}

/// What is watched already keeps its watch: the kernel answers the same number then.
void FileWatch::look_again() {
    const auto old = std::exchange(places_, {});
    add_place(path_);
    add_place(end_of_links(path_));
    for (const auto& [folder, name] : old)
        if (!is_watched(folder)) ::inotify_rm_watch(notify_, folder);
    const int file = ::inotify_add_watch(notify_, path_.c_str(), of_file);
    if (file_ >= 0 && file_ != file) ::inotify_rm_watch(notify_, file_);
    file_ = file;
}

void FileWatch::catch_up() {
    look_again();
    is_there_ = ::access(path_.c_str(), F_OK) == 0;
}

void FileWatch::take_change(const inotify_event& record, WatchQueue& queue) {
    const bool is_made = (record.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
    look_again();
    if (is_made) {
        is_there_ = true;
        queue.add({"created", path_, {}, (record.mask & IN_ISDIR) != 0});
    } else if (std::exchange(is_there_, false)) {
        queue.add({"deleted", path_, {}, (record.mask & IN_ISDIR) != 0});
    }
}

void FileWatch::take_of_folder(const inotify_event& record, std::string_view name, WatchQueue& queue) {
    if ((record.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) {
        // With the directory of the path its names are elsewhere, or gone; that of a link's target alone is
        // not all.
        const bool is_own = places_.front().folder == record.wd;
        std::erase_if(places_, [&](const Place& place) { return place.folder == record.wd; });
        if (!is_own) return;
        for (const auto& [folder, other] : std::exchange(places_, {})) ::inotify_rm_watch(notify_, folder);
        if (file_ >= 0) ::inotify_rm_watch(notify_, std::exchange(file_, -1));
        if (std::exchange(is_there_, false)) queue.add({"deleted", path_, {}, false});
        return;
    }
    const auto is_named = [&](const Place& place) { return place.folder == record.wd && place.name == name; };
    if (std::ranges::any_of(places_, is_named)) take_change(record, queue);
}

void FileWatch::take_of_file(const inotify_event& record, WatchQueue& queue) {
    if ((record.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) == 0)
        return queue.add({"modified", path_, {}, (record.mask & IN_ISDIR) != 0});
    ::inotify_rm_watch(notify_, std::exchange(file_, -1));
    // Another one stands there where a directory on the way was exchanged; else the place's own record has
    // told it.
    if (!places_.empty()) look_again();
    if (file_ >= 0)
        queue.add({"created", path_, {}, false});
    else if (std::exchange(is_there_, false))
        queue.add({"deleted", path_, {}, false});
}

void FileWatch::take(const inotify_event& record, std::string_view name, WatchQueue& queue) {
    if (record.wd == file_ && name.empty()) return take_of_file(record, queue);
    if (is_watched(record.wd)) take_of_folder(record, name, queue);
}

}  // namespace carrel::desk::files
