// Loop devices: a file as a disk. A device goes with its last user (autoclear), however that one ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/fd.hpp"

namespace carrel::jail::disks {

struct Loop {
    std::string path;
    core::Fd device;  ///< while it is open, the loop device keeps its file
};

/// A free one gets the file; `name` is what the kernel says of it. Throws unavailable when there is none
/// left.
Loop attach_loop(const core::Fd& file, std::string_view name);

/// The one that has the file already, if any has. A file that two have is lost: each writes what the other
/// does not know of.
std::optional<Loop> find_loop(const core::Fd& file);

}  // namespace carrel::jail::disks
