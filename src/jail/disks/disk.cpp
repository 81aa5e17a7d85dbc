#include "jail/disks/disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/desk_shape.hpp"
#include "core/sys.hpp"
#include "jail/disks/loop.hpp"

namespace carrel::jail::disks {

namespace {

using core::checked;
using core::Code;
using core::Error;
using core::Fd;

constexpr std::uint32_t block_size = 4096;
constexpr std::uint64_t inode_size = 256;

/// EXT4_IOC_SHUTDOWN and EXT4_GOING_FLAGS_NOLOGFLUSH of the kernel's include/uapi/linux/ext4.h, which older
/// headers lack.
constexpr unsigned long shut_down_request = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t without_flush = 2;

Fd open_nameless(const std::string& folder) {
    return Fd{
        checked("make a file in " + folder, ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600))};
}

/// mkfs.ext4 by its usual places: nobody's PATH decides what root runs.
[[noreturn]] void run_mkfs(int file, const DiskShape& shape) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int number = 0; number < 3; ++number) ::dup2(null, number);
    ::fcntl(file, F_SETFD, 0);
    const auto path = fmt::format("/proc/self/fd/{}", file);
    const auto inodes = fmt::to_string(shape.inodes);
    const auto journal = fmt::format("size={}", shape.journal / core::mebibyte);
    // Inode tables and the journal stay holes. Of a file system without a journal its size means nothing.
    const std::array arguments{"mkfs.ext4",
                               "-q",
                               "-F",
                               "-b",
                               "4096",
                               "-I",
                               "256",
                               "-m",
                               "0",
                               "-O",
                               shape.journal > 0 ? "^resize_inode" : "^has_journal,^resize_inode",
                               shape.journal > 0 ? "-J" : "-q",
                               shape.journal > 0 ? journal.c_str() : "-q",
                               "-E",
                               "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0",
                               "-N",
                               inodes.c_str(),
                               path.c_str(),
                               static_cast<const char*>(nullptr)};
    char* const environment[] = {nullptr};
    for (const char* program : {"/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4"})
        ::execve(program, const_cast<char* const*>(arguments.data()), environment);
    ::_exit(errno == ENOENT ? 127 : 126);
}

void copy_part(int from, int to, off_t begin, off_t end) {
    std::vector<char> buffer(std::size_t{1} << 18);
    while (begin < end) {
        const auto most = std::min(static_cast<std::size_t>(end - begin), buffer.size());
        const auto count = checked("read a disk", ::pread(from, buffer.data(), most, begin));
        if (count == 0) return;
        const auto written =
            checked("write a disk", ::pwrite(to, buffer.data(), static_cast<std::size_t>(count), begin));
        begin += written;
    }
}

/// Holes stay holes.
Fd copy_sparse(const Fd& original, const std::string& folder) {
    auto copy = open_nameless(folder);
    struct stat status;
    checked("stat a disk", ::fstat(original.get(), &status));
    checked("size a disk", ::ftruncate(copy.get(), status.st_size));
    for (off_t at = 0;;) {
        const auto begin = ::lseek(original.get(), at, SEEK_DATA);
        if (begin < 0) return copy;
        at = checked("find a hole", ::lseek(original.get(), begin, SEEK_HOLE));
        copy_part(original.get(), copy.get(), begin, at);
    }
}

void set_option(const Fd& context, const char* key, const char* value = nullptr) {
    const auto kind = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
    checked(fmt::format("set mount option {}", key), ::fsconfig(context.get(), kind, key, value, 0));
}

}  // namespace

DiskShape shape_of(std::uint64_t room) {
    // As many as for a root file system of that size, but enough for a folder of node_modules in any.
    const auto inodes = std::max<std::uint64_t>(65536, room / 8192);
    // Beside what fits: the inodes, ext4's own reserve (2 %: fs/ext4/super.c,
    // ext4_set_resv_clusters) and its maps.
    const auto bytes = room + inodes * inode_size + room / 32 + 4 * core::mebibyte;
    return {(bytes + core::mebibyte - 1) / core::mebibyte * core::mebibyte, inodes};
}

void make_filesystem(const Fd& file, const DiskShape& shape) {
    const auto child = checked("fork", ::fork());
    if (child == 0) run_mkfs(file.get(), shape);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) throw core::system_error("wait for mkfs.ext4", errno);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        throw Error{Code::unavailable, "there is no mkfs.ext4: install e2fsprogs"};
    throw Error{Code::internal, fmt::format("mkfs.ext4 failed (status {})", status)};
}

Fd make_template(const std::string& folder, std::uint64_t room) {
    auto file = open_nameless(folder);
    const auto shape = shape_of(room);
    checked("size a disk", ::ftruncate(file.get(), static_cast<off_t>(shape.bytes)));
    make_filesystem(file, shape);
    return file;
}

namespace {

/// Before the loop device has it: that one holds the file as it is opened here, and so the lock (flock(2)).
bool lock(const Fd& file) { return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0; }

Fd mount_file(const Fd& file) {
    const auto loop = attach_loop(file, "carrel desk");
    const Fd context{checked("open file system ext4", ::fsopen("ext4", FSOPEN_CLOEXEC))};
    set_option(context, "source", loop.path.c_str());
    // No desk outlives the machine: nothing need be safe on the disk, and no table be made that is not used.
    for (const char* flag : {"noinit_itable", "noauto_da_alloc", "nobarrier"}) set_option(context, flag);
    checked("mount a disk", ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    return Fd{checked("mount a disk", ::fsmount(context.get(), FSMOUNT_CLOEXEC,
                                                MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME))};
}

}  // namespace

Disk mount_copy(const Fd& original, const std::string& folder) {
    auto file = copy_sparse(original, folder);
    if (!lock(file)) throw core::system_error("lock a disk", errno);
    auto mount = mount_file(file);
    return {std::move(mount), std::move(file)};
}

void name_file(const Fd& file, const std::string& path) {
    checked("name a disk " + path, ::linkat(file.get(), "", AT_FDCWD, path.c_str(), AT_EMPTY_PATH));
}

Fd mount_again(const std::string& path) {
    const auto file = core::open_file(path, O_RDWR | O_NOFOLLOW);
    if (!lock(file)) throw Error{Code::unavailable, path + " is still in use", "disk_in_use"};
    return mount_file(file);
}

bool is_in_use(const std::string& path) {
    const Fd file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
    if (!file && errno == ENOENT) return false;
    checked("open " + path, file.get());
    return !lock(file);
}

Error no_disk(const std::string& who, const Error& error) {
    // That the host's own disk is full stays what it is.
    const auto code = error.code() == Code::exhausted ? Code::exhausted : Code::unavailable;
    return {code, fmt::format("{} can have no disk of its own: {}", who, error.message()), "no_disk"};
}

void flush(const Fd& disk) {
    const Fd top{::openat(disk.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (top) ::syncfs(top.get());
}

void give_up(const Fd& disk) {
    const Fd top{::openat(disk.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    std::uint32_t how = without_flush;
    // A kernel that does not know it writes everything down first: slower, and no worse.
    if (top) ::ioctl(top.get(), shut_down_request, &how);
}

Room read_room(int file) {
    struct statfs status;
    checked("ask for a disk's room", ::fstatfs(file, &status));
    const auto bytes_of = [&](auto blocks) {
        return static_cast<std::uint64_t>(blocks) * static_cast<std::uint64_t>(status.f_bsize);
    };
    return {.bytes = bytes_of(status.f_blocks),
            .used = bytes_of(status.f_blocks - status.f_bfree),
            .free = bytes_of(status.f_bavail),
            .inodes = status.f_files,
            .free_inodes = status.f_ffree};
}

namespace {

constexpr std::uint64_t host_reserve = 1024 * core::mebibyte;

std::uint64_t reserve_of(const Room& host) { return std::min(host_reserve, host.bytes / 16); }

}  // namespace

bool is_short(const Room& host) { return host.free < reserve_of(host); }

bool is_ample(const Room& host) { return host.free >= reserve_of(host) + reserve_of(host) / 4; }

void close_for_writing(const Fd& disk, bool is_closed) {
    struct stat status;
    checked("stat a disk", ::fstat(disk.get(), &status));
    // What ext4 keeps back for its own needs (Documentation/ABI/testing/sysfs-fs-ext4): all but one
    // block, or what it takes by itself, 2 % and at most 4096 (fs/ext4/super.c, ext4_set_resv_clusters).
    const auto room = read_room(disk.get());
    const auto blocks = room.bytes / block_size;
    const auto kept = is_closed ? blocks - 1 : std::min<std::uint64_t>(blocks / 50, 4096);
    core::write_existing(fmt::format("/sys/fs/ext4/loop{}/reserved_clusters", minor(status.st_dev)),
                         fmt::to_string(kept));
}

bool is_full(const Room& room) {
    // Until data reaches the disk, ext4 reckons with more blocks than it will need, and programs hear that
    // it is full; a moment later some are free again.
    return room.free < std::min(room.bytes / 32, 16 * core::mebibyte) ||
           room.free_inodes <= room.inodes / 1024;
}

bool has_room(const Room& room) {
    return room.free >= room.bytes / 16 && room.free_inodes >= room.inodes / 64;
}

}  // namespace carrel::jail::disks
