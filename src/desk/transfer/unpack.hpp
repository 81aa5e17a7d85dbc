// Unpacking archives into a directory, and nowhere else: names are judged before they are used, no link is
// ever followed, and files appear whole. Blocks for as long as the disk does: for the pool.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/fd.hpp"
#include "desk/archive/entry.hpp"
#include "desk/archive/tar.hpp"
#include "desk/archive/zip.hpp"
#include "desk/files/walk.hpp"

namespace carrel::desk::transfer {

/// Takes entries and makes them below `folder`, which is made when there is none. Throws what an entry has
/// against it; what was unpacked before stays, what was begun does not.
class Unpacker {
public:
    explicit Unpacker(std::string folder);
    ~Unpacker();
    Unpacker(const Unpacker&) = delete;
    Unpacker& operator=(const Unpacker&) = delete;

    void begin(const archive::ArchiveEntry& entry);
    void data(std::string_view bytes);
    void end();
    /// Sets what could not be set before: the modes and times of directories.
    void finish();
    /// What was begun goes.
    void abandon() { drop_partial(); }

    std::size_t files() const { return files_; }
    std::uint64_t size() const { return size_; }
    /// A file without a name in the directory, for an archive that must be whole before it is read.
    core::Fd make_spool() const;

private:
    void open_parent(const std::vector<std::string>& steps);
    core::Fd open_folder(const std::vector<std::string>& steps);
    void make_folder(const archive::ArchiveEntry& entry, const std::vector<std::string>& steps);
    void make_file(const archive::ArchiveEntry& entry);
    void make_symlink(const archive::ArchiveEntry& entry, const std::vector<std::string>& steps);
    void make_hard_link(const archive::ArchiveEntry& entry);
    void drop_partial();
    core::Error failed(int error_number) const;

    std::string path_;
    core::Fd root_;
    core::Fd parent_;                        ///< of the entry
    std::vector<std::string> parent_steps_;  ///< whose directory `parent_` is
    archive::ArchiveEntry entry_;
    std::string name_;     ///< the last step of the entry
    std::string partial_;  ///< the name that a file has until it is whole
    core::Fd file_;
    std::vector<std::pair<std::vector<std::string>, archive::ArchiveEntry>> folders_;
    std::size_t files_ = 0;
    std::uint64_t size_ = 0;
};

/// A tar as it comes.
class TarUnpacking {
public:
    explicit TarUnpacking(std::string folder);
    void push(std::string_view bytes);
    void finish();
    void abandon() { unpacker_.abandon(); }
    const Unpacker& unpacker() const { return unpacker_; }

private:
    Unpacker unpacker_;
    archive::TarReader reader_;
};

/// A zip, whose directory is at its end: it is stored first. push, then run until it is done.
class ZipUnpacking {
public:
    explicit ZipUnpacking(std::string folder);
    ~ZipUnpacking();
    void push(std::string_view bytes);
    bool run(files::Moment until);
    void abandon() { unpacker_.abandon(); }
    const Unpacker& unpacker() const { return unpacker_; }

private:
    class Content;
    std::string read_at(std::uint64_t at, std::size_t size) const;
    void open_next();

    Unpacker unpacker_;
    core::Fd spool_;
    std::uint64_t size_ = 0;
    bool is_read_ = false;
    std::vector<archive::ZipItem> items_;
    std::size_t next_ = 0;
    std::unique_ptr<Content> content_;
};

}  // namespace carrel::desk::transfer
