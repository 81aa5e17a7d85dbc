#include "jail/disks/workspace_disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/disks/disk.hpp"
#include "jail/disks/loop.hpp"
#include "jail/process/deadline.hpp"

namespace carrel::jail::disks {

namespace {

using core::checked;
using core::Fd;

/// Enough for any size: what is not yet in its place after a crash.
constexpr std::uint64_t journal_size = 16ull << 20;
/// Unmounting writes down what is not written yet.
constexpr std::chrono::seconds longest_unmount{8};

std::string disk_of(const std::string& folder) { return folder + "/disk"; }
std::string quota_of(const std::string& folder) { return folder + "/quota"; }

void set_mount_option(const Fd& context, const char* key, const char* value = nullptr) {
    const auto kind = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
    checked(fmt::format("set mount option {}", key), ::fsconfig(context.get(), kind, key, value, 0));
}

/// The file system of that device; false while one that ends still holds it.
bool try_to_mount(const Loop& loop, Fd& context) {
    context = Fd{checked("open file system ext4", ::fsopen("ext4", FSOPEN_CLOEXEC))};
    set_mount_option(context, "source", loop.path.c_str());
    // What is deleted is given back to the host's disk; tables that nobody uses stay holes.
    for (const char* flag : {"noinit_itable", "discard"}) set_mount_option(context, flag);
    set_mount_option(context, "errors", "remount-ro");
    if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0) return true;
    if (errno != EBUSY) throw core::system_error("mount a workspace's disk", errno);
    return false;
}

}  // namespace

bool has_workspace_disk(const std::string& folder) {
    if (::access(disk_of(folder).c_str(), F_OK) == 0) return true;
    // Who cannot look must not begin another one beside it.
    if (errno != ENOENT) throw core::system_error("look for " + disk_of(folder), errno);
    return false;
}

void make_workspace_disk(const std::string& folder, std::uint64_t room) {
    core::replace_file(quota_of(folder), fmt::format("{}\n", room), 0600);
    // It gets its name when it is whole and on the host's disk.
    const Fd file{
        checked("make a file in " + folder, ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600))};
    auto shape = shape_of(room);
    shape.journal = journal_size;
    shape.bytes += journal_size;
    checked("size a workspace's disk", ::ftruncate(file.get(), static_cast<off_t>(shape.bytes)));
    make_filesystem(file, shape);
    checked("sync a workspace's disk", ::fsync(file.get()));
    const auto nameless = fmt::format("/proc/self/fd/{}", file.get());
    checked("name a workspace's disk",
            ::linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, disk_of(folder).c_str(), AT_SYMLINK_FOLLOW));
    checked("sync " + folder, ::fsync(core::open_file(folder, O_RDONLY | O_DIRECTORY).get()));
}

Fd mount_workspace_disk(const std::string& folder, std::uint64_t attributes) {
    const auto path = disk_of(folder);
    // Between the look for its loop device and the mount nobody else may do the same. Opened twice: a loop
    // device would keep the lock with the file that it is given.
    const auto lock = core::open_file(path, O_RDONLY | O_NOFOLLOW);
    checked("lock " + path, ::flock(lock.get(), LOCK_EX));
    const auto file = core::open_file(path, O_RDWR | O_NOFOLLOW);
    auto loop = find_loop(file);
    if (!loop) loop = attach_loop(file, "carrel workspace");
    const process::Deadline deadline{longest_unmount};
    Fd context;
    while (!try_to_mount(*loop, context)) deadline.pause("unmounting a workspace's disk");
    return Fd{checked("mount a workspace's disk",
                      ::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)))};
}

std::uint64_t find_workspace_quota(const std::string& folder) {
    if (!has_workspace_disk(folder)) return 0;
    const auto text = core::find_file_text(quota_of(folder)).value_or("");
    return core::parse_unsigned(core::trim(text)).value_or(0);
}

}  // namespace carrel::jail::disks
