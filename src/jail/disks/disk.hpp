// A desk's disk: an ext4 of its own in a sparse file, over a loop device that goes with its last user. What
// the desk writes ends where the file system does.
//
// Nothing of it is anywhere in a tree of mounts: the mount is a descriptor, and then a layer of the desk's
// overlay. When the last of these is gone (the jail killed, the desk dead, in either order), the kernel
// unmounts it and frees the loop device. The file is made without a name; with the one that the desk gives it
// it can be mounted again, for a desk that slept. As long as it is mounted its loop device keeps it locked.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.hpp"
#include "core/fd.hpp"

namespace carrel::jail::disks {

/// How a file system is made in which `room` bytes fit. Pure.
struct DiskShape {
    std::uint64_t bytes;   ///< of the file
    std::uint64_t inodes;  ///< files and folders that may be there
    /// Of its journal. A desk's has none: that would be written for a crash after which no desk lives.
    std::uint64_t journal = 0;
    bool operator==(const DiskShape&) const = default;
};
DiskShape shape_of(std::uint64_t room);

/// Into a file of that size. Throws unavailable where there is no mkfs.ext4.
void make_filesystem(const core::Fd& file, const DiskShape& shape);
/// A file with a new file system; tens of milliseconds. `folder`: where files without a name are made.
core::Fd make_template(const std::string& folder, std::uint64_t room);
struct Disk {
    core::Fd mount;  ///< detached
    core::Fd file;   ///< open as the loop device has it: the lock goes when both are closed
};
/// Mounts a copy of it.
Disk mount_copy(const core::Fd& original, const std::string& folder);
/// Gives a disk's file a name. Throws where there is one.
void name_file(const core::Fd& file, const std::string& path);
/// Mounts it again: a detached mount. Throws unavailable while it is_in_use.
core::Fd mount_again(const std::string& path);
/// Whether it is mounted, or being unmounted. False where there is none.
bool is_in_use(const std::string& path);
/// Writes down what is not yet, before the last descriptor of a disk is closed that shall be mounted again.
void flush(const core::Fd& disk);
/// What `who` is told who was promised one, and can have none for this reason. Pure.
core::Error no_disk(const std::string& who, const core::Error& error);
/// Before the last descriptor of one that nobody needs is closed: what is not written yet never will be.
void give_up(const core::Fd& disk);

struct Room {
    std::uint64_t bytes;  ///< that fit in all
    std::uint64_t used;
    std::uint64_t free;
    std::uint64_t inodes;
    std::uint64_t free_inodes;
};
/// Of the file system of an open file; throws.
Room read_room(int file);

/// So little is left on the host's own disk that desks must not write into it any more: what their disks have
/// promised to keep would be lost without a word. Pure.
bool is_short(const Room& host);
/// So much is left there that they may again. Pure.
bool is_ample(const Room& host);
/// From then on all that wants to write more to the mounted disk hears that it is full, or may again.
void close_for_writing(const core::Fd& disk, bool is_closed);

/// So little is left that programs fail. Pure.
bool is_full(const Room& room);
/// So much is left that it is worth telling when it is full again. Pure.
bool has_room(const Room& room);

}  // namespace carrel::jail::disks
