// What the unprivileged side may ask for: a desk, by names and numbers. Never a mount, never a path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace carrel::jail::wire {

enum class Network {
    none,      ///< loopback only
    internet,  ///< the public internet; never the host, other desks or private ranges
};

/// "none" or "internet".
std::string_view name_of(Network network);

/// What one desk may use at most.
struct Limits {
    std::uint64_t memory;     ///< bytes, /tmp and /dev/shm included
    std::uint32_t cpu;        ///< percent of one processor: 150 is one and a half
    std::uint32_t processes;  ///< processes and threads
    std::uint64_t disk = 0;   ///< bytes that it may have written; 0: as many as fit
};

inline constexpr std::uint32_t most_processes = 1U << 20;
/// Bytes that may be written to one: enough for a file system, and what ext4 can count.
inline constexpr std::uint64_t smallest_disk = 1ull << 24, largest_disk = 1ull << 44;

/// Files of a principal's that outlive desks: at /workspace, and at /home/agent where `home` says so.
struct Workspace {
    std::string owner;  ///< the principal's digest: 64 hexadecimal digits
    std::string name;   ///< see is_workspace_name
    bool home = false;
};

/// One desk. Everything else about it (mounts, identities, cgroups) the jail decides (jail/plan).
struct Spec {
    std::string id;          ///< "desk_" and 12 hexadecimal digits
    std::uint32_t slot;      ///< which range of 65536 uids; no two living desks share one
    std::string image;       ///< name, [a-z0-9-]
    std::string image_hash;  ///< 64 hexadecimal digits
    std::string nonce;       ///< 32 hexadecimal digits that GET /hello proves the desk by
    std::uint32_t width;     ///< of the display, pixels
    std::uint32_t height;    ///< of the display, pixels
    Network network;
    Limits limits;
    std::optional<Workspace> workspace = {};
    /// It slept: it has the files again that were kept when the desk of this id was stopped (Stop), and the
    /// image that they stand on, whatever `image_hash` says.
    bool has_kept_files = false;
};

inline constexpr std::uint32_t ids_per_desk = 65536;
inline constexpr std::uint32_t agent = 1000;  ///< uid and gid of everything in a desk, as it sees them
inline constexpr std::uint32_t max_slot = 32767;

/// A refusal that names the limit, its value and what would be right; nothing when all may be.
std::optional<core::Error> find_fault(const Limits& limits);

std::optional<core::Error> find_fault(const Workspace& workspace);
/// One to 64 of a-z, 0-9 and, but for the first, . _ and -.
bool is_workspace_name(std::string_view name);

/// Nothing when `spec` may be made into a desk, else a refusal that names the field, the value and
/// what would be right. The only door for what comes from the unprivileged side.
core::Expected<Spec> judge(Spec spec);

/// Whether `text` is exactly `digits` lower-case hexadecimal digits.
bool is_hex(std::string_view text, std::size_t digits);

}  // namespace carrel::jail::wire
