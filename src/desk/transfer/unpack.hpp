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
#include "desk/transfer/decompress.hpp"

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
    /// So many zeros, which take no room.
    void hole(std::uint64_t size);
    void end();
    /// Something that the caller should know though it is no error.
    void note(std::string sentence);
    /// Sets what could not be set before: the modes and times of directories.
    void finish();
    /// What was begun goes.
    void abandon() { drop_partial(); }

    std::size_t files() const { return files_; }
    std::uint64_t size() const { return size_; }
    /// What is otherwise than the archive says, in sentences; the first 20, and how many more there are.
    std::vector<std::string> notes() const;
    /// A file without a name in the directory, for an archive that must be whole before it is read.
    core::Fd make_spool() const;

private:
    void open_parent(const std::vector<std::string>& steps);
    core::Fd open_folder(const std::vector<std::string>& steps);
    void make_folder(const archive::ArchiveEntry& entry, const std::vector<std::string>& steps);
    void make_file(const archive::ArchiveEntry& entry);
    void make_symlink(const archive::ArchiveEntry& entry, const std::vector<std::string>& steps);
    void make_hard_link(const archive::ArchiveEntry& entry, const std::vector<std::string>& steps);
    core::Expected<void> judge_linked(const std::string& made, const std::vector<std::string>& steps) const;
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
    std::uint64_t stored_ = 0;  ///< of that, what takes room
    std::vector<std::string> notes_;
    std::size_t more_notes_ = 0;
};

/// A tar as it comes, also compressed: push, then run until it is done, for each piece of the body.
class TarUnpacking {
public:
    explicit TarUnpacking(std::string folder);
    /// `bytes` must stay until `run` answers true.
    void push(std::string_view bytes);
    /// False when it has to be called again: a small body can hold a great deal.
    bool run(files::Moment until);
    void finish();
    void abandon() { unpacker_.abandon(); }
    const Unpacker& unpacker() const { return unpacker_; }

private:
    void take_beginning();
    void take(std::string_view bytes);
    void refuse_unless(core::Expected<void> taken) const;

    Unpacker unpacker_;
    archive::TarReader reader_;
    std::string beginning_;  ///< until it is known how it is compressed
    std::string_view now_;   ///< what is pushed and not taken yet
    bool is_known_ = false;
    std::unique_ptr<Decompression> decompression_;
    std::uint64_t behind_ = 0;  ///< bytes behind the tar's end
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
    bool has_told_backslashes_ = false;
    std::unique_ptr<Content> content_;
};

}  // namespace carrel::desk::transfer
