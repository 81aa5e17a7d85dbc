// Regular files and directories, with calls that block for as long as the disk does: run them on the
// pool. Named pipes, devices and sockets are refused, never opened: they would wait for somebody.
//
// Everything runs as the desk's user inside the desk, so a path can reach nothing that the user's own
// shell could not.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/fd.hpp"

namespace carrel::desk {

/// A regular file, open for reading, and what is known of it.
struct OpenedFile {
    core::Fd file;
    std::string path;
    std::uint64_t size = 0;  ///< bytes
    std::string tag;         ///< another one when the file has changed: for ETag
};
/// Throws not_found, or invalid when `path` is no regular file.
OpenedFile open_regular(const std::string& path);

/// The whole of a text file; throws when it is larger than 16 MiB or holds a NUL.
std::string read_text(const std::string& path);

enum class Existing { refuse, replace };
/// Writes a new file beside the old one and puts it in its place, so that a full disk costs nothing.
/// Makes the directories above it. An existing file keeps its mode, and a link to it stays a link.
void write_file(const std::string& path, std::string_view bytes, Existing existing);

struct ListedFile {
    std::string name;
    bool is_dir = false;
    std::uint64_t size = 0;  ///< bytes
    core::Instant modified;
};
struct Listing {
    std::vector<ListedFile> entries;  ///< directories first, then by name
    bool is_cut = false;              ///< there are more than 10,000
};
Listing list_directory(const std::string& path);

/// The names in and below `path`, two levels deep, without hidden ones: one to a line, sorted.
std::string tree_of(const std::string& path);

/// A file in the making, under a name of its own; gone again unless it was kept.
class NewFile {
public:
    /// In `directory`, which must exist.
    explicit NewFile(const std::string& directory);
    ~NewFile();
    NewFile(NewFile&&) noexcept = default;
    NewFile& operator=(NewFile&&) = delete;

    void write(std::string_view bytes);
    std::uint64_t size() const { return size_; }
    /// Gives it `path` as its name. Throws conflict when that exists and shall not be replaced. Copies
    /// when `path` is on another file system.
    void keep_as(const std::string& path, mode_t mode, Existing existing);

private:
    void copy_to(const std::string& path, mode_t mode, Existing existing);

    core::Fd file_;
    std::string path_;
    std::uint64_t size_ = 0;
};

/// Makes the directory that `path` stands in, and those above it.
void make_parents(const std::string& path);
bool is_directory(const std::string& path);
/// What an existing file's mode is, else what a new one gets.
mode_t mode_for(const std::string& path);

}  // namespace carrel::desk
