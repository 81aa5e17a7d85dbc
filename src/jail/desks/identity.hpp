// identity.json: by what a jail that was started later knows a desk again, and nothing else.
//
// Process ids and inode numbers are reused; all of them together with the boot and the start time
// are not. Root's file, one flat object, one member a line. Only the jail writes and reads it; another
// order of members or lines is refused, so that no parser of JSON is needed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/fd.hpp"

namespace carrel::jail::desks {

/// What the kernel says about one process; equal only for the same one.
struct ProcessIdentity {
    std::string boot;  ///< boot id of the kernel
    pid_t pid;
    std::uint64_t started;         ///< clock ticks since boot (/proc/PID/stat, field 22)
    std::uint64_t user_namespace;  ///< inode
    std::uint64_t pid_namespace;   ///< inode

    bool operator==(const ProcessIdentity&) const = default;
};

/// How the limit of what a desk writes is kept: by a file system of its own, or by looking now and then.
inline constexpr const char* disk_own = "own";
inline constexpr const char* disk_watched = "watched";

struct Identity {
    std::string id;
    ProcessIdentity process;
    std::string nonce;
    std::uint32_t slot;
    std::uint32_t uid_base;  ///< first id of the desk's range
    std::string image;
    std::string image_hash;
    std::string network;
    std::string interface;       ///< on the host, "" if none
    std::string desk_hash;       ///< of the desk's program
    std::string groups;          ///< its hierarchies as format_hierarchies writes them
    std::string workspace = {};  ///< as name_of says, "" if none
    std::uint64_t disk = 0;      ///< bytes that it may have written, 0: as many as fit
    std::string disk_way = {};   ///< disk_own, disk_watched, or "" without a limit
};

std::string format_identity(const Identity& identity);
core::Expected<Identity> parse_identity(std::string_view text);

/// What is written down about the desk of that folder. It is root's, so the text is ours; but a crash may
/// have cut it.
core::Expected<Identity> read_identity(const std::string& folder, const std::string& id);

/// Asks the kernel now. Throws not_found when there is no such process.
ProcessIdentity identify(pid_t pid);

/// Writes by rename. Not synced: after a crash of the machine no desk lives to be adopted.
void write_identity(const std::string& path, const Identity& identity);

/// The pidfd of the living process that `identity` means. Throws conflict that says what differs.
core::Fd find_living(const Identity& identity);

}  // namespace carrel::jail::desks
