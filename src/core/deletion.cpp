#include "core/deletion.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "core/id.hpp"

namespace carrel::core {

namespace {

using Directory = std::unique_ptr<DIR, decltype(&::closedir)>;

/// Null when `name` is no directory (any more).
Directory open_directory(int folder, const char* name) {
    const int fd = ::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return {fd < 0 ? nullptr : ::fdopendir(fd), ::closedir};
}

bool is_dots(std::string_view name) { return name == "." || name == ".."; }

/// Deletes the directory `name` of `top`, whose own directories it moves into `top`, to be deleted next.
bool delete_one_level(int top, const char* name) {
    const auto directory = open_directory(top, name);
    if (!directory) return ::unlinkat(top, name, 0) == 0;
    const int folder = ::dirfd(directory.get());
    bool is_complete = true;
    while (const dirent* entry = ::readdir(directory.get())) {
        if (is_dots(entry->d_name) || ::unlinkat(folder, entry->d_name, 0) == 0) continue;
        const auto above = "inner-" + random_hex(16);
        const bool is_moved = errno == EISDIR && ::renameat(folder, entry->d_name, top, above.c_str()) == 0;
        is_complete = is_complete && is_moved;
    }
    return ::unlinkat(top, name, AT_REMOVEDIR) == 0 && is_complete;
}

}  // namespace

bool delete_contents(const std::string& folder) {
    const auto top = open_directory(AT_FDCWD, folder.c_str());
    if (!top) return false;
    // What was moved up may come into sight in this pass or only in the next one. A pass that deletes
    // nothing is the last one.
    for (bool is_complete = true;; is_complete = true) {
        bool has_deleted = false;
        ::rewinddir(top.get());
        while (const dirent* entry = ::readdir(top.get())) {
            if (is_dots(entry->d_name)) continue;
            const bool is_deleted = delete_one_level(::dirfd(top.get()), entry->d_name);
            has_deleted = has_deleted || is_deleted;
            is_complete = is_complete && is_deleted;
        }
        if (!has_deleted) return is_complete;
    }
}

bool delete_path(const std::string& path) {
    if (::unlink(path.c_str()) == 0) return true;
    return errno == EISDIR && delete_contents(path) && ::rmdir(path.c_str()) == 0;
}

}  // namespace carrel::core
