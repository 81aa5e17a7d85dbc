// tar: POSIX.1-1988 (ustar), POSIX.1-2001 (pax), GNU's long names and sparse files;
// pubs.opengroup.org/onlinepubs/9699919799/ utilities/pax.html and the GNU tar manual, "Basic Tar Format".
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "desk/archive/entry.hpp"
#include "desk/archive/sparse.hpp"
#include "desk/archive/tar_records.hpp"

namespace carrel::desk::archive {

constexpr std::size_t tar_block = 512;

/// The header of an entry: one block, or three and more with a pax header where ustar has no room.
/// Nanoseconds are left out.
std::string tar_header(const ArchiveEntry& entry);
/// How many zeros follow a content of that size.
constexpr std::size_t tar_padding(std::uint64_t size) {
    return static_cast<std::size_t>((tar_block - size % tar_block) % tar_block);
}
/// What ends an archive.
std::string tar_end();

/// Takes an archive in pieces of any size and calls back in order: begin, data and hole (any number of
/// times), end.
class TarReader {
public:
    struct Events {
        std::function<void(ArchiveEntry)> begin;
        std::function<void(std::string_view)> data;
        std::function<void(std::uint64_t)> hole;  ///< so many zeros, of a sparse file
        std::function<void()> end;
        /// A sentence about something that is passed over, for it is no file: a volume's label, access lists.
        std::function<void(std::string)> note;
    };
    explicit TarReader(Events events) : events_{std::move(events)} {}

    /// Refuses what is no tar, devices and pipes, and headers of more than 1 MiB; nothing may be pushed after
    /// that.
    core::Expected<void> push(std::string_view bytes);
    /// Refuses an archive that ends in the middle.
    core::Expected<void> finish() const;
    /// Whether its end has come: what follows is none of it.
    bool is_done() const { return state_ == State::done; }
    /// Whether the first header was one.
    bool has_begun() const { return has_begun_; }

private:
    enum class State {
        header,
        content,
        passed,
        padding,
        long_name,
        long_target,
        pax,
        global_pax,
        sparse_blocks,
        sparse_text,
        done
    };

    core::Expected<void> take_block(std::string_view block);
    core::Expected<void> take_header(std::string_view block);
    core::Expected<void> begin_entry(std::string_view block, char type, std::uint64_t size);
    core::Expected<void> begin_file(ArchiveEntry entry, std::string_view block, char type);
    core::Expected<void> take_sparse_parts(std::string_view block, std::size_t at, std::size_t most);
    core::Expected<void> begin_sparse();
    core::Expected<void> begin_content(ArchiveEntry entry, std::uint64_t stored);
    core::Expected<void> pass_over(std::string_view name, std::string_view what, std::uint64_t size);
    core::Expected<void> begin_meta(State state, std::uint64_t size);
    core::Expected<void> end_content();
    void give(std::string_view piece);
    std::string name_in(std::string_view block) const;

    Events events_;
    State state_ = State::header;
    std::string waiting_;     ///< a block that has not come whole
    std::string meta_;        ///< a long name, or pax records
    std::uint64_t left_ = 0;  ///< of the content or padding
    std::size_t padding_ = 0;
    int zero_blocks_ = 0;
    bool has_begun_ = false;
    TarRecords next_;
    // Of a sparse file.
    ArchiveEntry entry_;  ///< whose map has not come whole
    SparseMap map_;
    std::optional<SparseText> text_;
    std::optional<SparseContent> sparse_;
};

}  // namespace carrel::desk::archive
