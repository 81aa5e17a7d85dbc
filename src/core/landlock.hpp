// Landlock (landlock(7), Linux 5.13): what a process, and all that it starts, may still do with files and
// connections, whatever its user may. A wall behind the others, where the kernel has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace carrel::core {

/// A file, or a directory and all below it. What lies there can never be run.
struct Place {
    enum class Access {
        list,   ///< the names in directories
        read,   ///< files, too
        change  ///< files and directories can be made, changed and removed as well
    };
    std::string path;
    Access access = Access::read;
};

/// All that is left.
struct Walls {
    std::vector<Place> places;  ///< those that are not there are passed over
    /// TCP ports that can be connected to, of any address, and none to listen at; nothing: no wall. Needs
    /// version 4 (Linux 6.7).
    std::optional<std::vector<std::uint16_t>> ports = std::nullopt;
};

/// The kernel's version of Landlock; 0 when it has none, or has it switched off.
int landlock_version();

/// Puts this thread, and all that it starts, behind `walls` for good: once no_new_privs is set, and before
/// other threads are. As much of it as the kernel knows; false when that is nothing.
bool confine(const Walls& walls);

}  // namespace carrel::core
