#include "jail/workspaces/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "core/sys.hpp"

namespace carrel::jail::workspaces {

namespace {

/// Each level holds a descriptor. Programs do not nest folders so deep.
constexpr int deepest = 200;

using See = std::function<void(const Found&)>;
using LeaveOut = std::function<void(const std::string&, std::string)>;

void walk_from(int folder, const char* name, const std::string& path, int depth, const See& see,
               const LeaveOut& leave_out) {
    Found found{folder, name, path, {}};
    // It may have gone meanwhile.
    if (::fstatat(folder, name, &found.status, AT_SYMLINK_NOFOLLOW) < 0) return;
    see(found);
    if (!S_ISDIR(found.status.st_mode)) return;
    if (depth == deepest) return leave_out(path, "too many folders in one another");
    const int inner = ::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0) return leave_out(path, core::describe_errno(errno));
    const std::unique_ptr<DIR, decltype(&::closedir)> entries{::fdopendir(inner), &::closedir};
    if (!entries) return leave_out(path, core::describe_errno(errno));
    while (const dirent* entry = ::readdir(entries.get())) {
        const std::string_view each = entry->d_name;
        if (each == "." || each == "..") continue;
        const std::string kept{each};
        walk_from(::dirfd(entries.get()), kept.c_str(), path + "/" + kept, depth + 1, see, leave_out);
    }
}

}  // namespace

void walk(int folder, const char* name, const std::string& path, const See& see, const LeaveOut& leave_out) {
    walk_from(folder, name, path, 0, see, leave_out);
}

}  // namespace carrel::jail::workspaces
