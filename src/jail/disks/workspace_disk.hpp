// A workspace's disk: an ext4 in the file `disk` of its folder, with `files` and `home` in it. Whoever needs
// it mounts it: the first by a new loop device, all others by the same, so that all have one file system. The
// last one's end unmounts it, and the file is whole again; after a power cut its journal makes it so.
#pragma once

#include <cstdint>
#include <string>

#include "core/fd.hpp"

namespace carrel::jail::disks {

/// Whether the workspace in `folder` has one. Those that were begun before there were any do not.
bool has_workspace_disk(const std::string& folder);

/// Makes one with room for so many bytes: whole, or not at all. Tens of milliseconds.
void make_workspace_disk(const std::string& folder, std::uint64_t room);

/// A detached mount of it, with these MOUNT_ATTR_…; waits until an earlier one is unmounted that is being so.
core::Fd mount_workspace_disk(const std::string& folder, std::uint64_t attributes);

/// For how many bytes it was made; 0 when there is none.
std::uint64_t find_workspace_quota(const std::string& folder);

}  // namespace carrel::jail::disks
