// Regular files and directories, with calls that block for as long as the disk does: run them on the
// pool. Named pipes, devices and sockets are refused, never opened: they would wait for somebody.
//
// Everything runs as the desk's user inside the desk, so a path can reach nothing that the user's own
// shell could not.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "core/fd.hpp"
#include "desk/files/new_file.hpp"

namespace carrel::desk::files {

/// A regular file, open for reading, and what is known of it.
struct OpenedFile {
    core::Fd file;
    std::string path;
    std::uint64_t size = 0;  ///< bytes
    bool has_size = true;    ///< false: of /proc or /sys, whose size only reading tells
    std::string tag;         ///< another one when the file has changed: for ETag
    std::time_t modified = 0;
};
/// Throws not_found, or invalid when `path` is no regular file.
OpenedFile open_regular(const std::string& path);

/// The whole of a text file; throws when it is larger than 16 MiB or holds a NUL.
std::string read_text(const std::string& path);
/// The same, or nothing when there is no such text or it is larger than `most` bytes.
std::optional<std::string> find_text(const std::string& path, std::size_t most);

/// Where a link leads in the end, also when nothing is there yet; `path` itself when it is no link. Throws
/// for links that lead in a circle.
std::string resolved(const std::string& path);

/// Writes a new file beside the old one and puts it in its place, so that a full disk costs nothing.
/// Makes the directories above it. An existing file keeps its mode, and a link to it stays a link; one that
/// has other names (hard links) is written in place, so that they stay names of it.
void write_file(const std::string& path, std::string_view bytes, Existing existing);

/// A file that is written in place, new or not.
struct WritableFile {
    core::Fd file;
    std::uint64_t at = 0;  ///< where the first byte goes
};
/// `offset` in bytes, or nothing for the end. Makes the file and the directories above it.
WritableFile open_writable(const std::string& path, std::optional<std::uint64_t> offset);
/// All of `bytes` at `file.at`, which goes on. Nothing of them is stored when the disk has no room for all.
void write_on(WritableFile& file, std::string_view bytes);

/// The names in and below `path`, two levels deep, without hidden ones: one to a line, sorted.
std::string tree_of(const std::string& path);

/// Makes the directory that `path` stands in, and those above it.
void make_parents(const std::string& path);
bool is_directory(const std::string& path);
/// Throws invalid when something is at `path` that is no regular file; what its mode is, else what a new one
/// gets.
mode_t check_replaceable(const std::string& path);

}  // namespace carrel::desk::files
