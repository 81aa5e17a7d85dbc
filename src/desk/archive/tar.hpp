// tar: POSIX.1-1988 (ustar), POSIX.1-2001 (pax) and GNU's long names;
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

namespace carrel::desk::archive {

constexpr std::size_t tar_block = 512;

/// The header of an entry: one block, or three and more with a pax header where ustar has no room.
std::string tar_header(const ArchiveEntry& entry);
/// How many zeros follow a content of that size.
constexpr std::size_t tar_padding(std::uint64_t size) {
    return static_cast<std::size_t>((tar_block - size % tar_block) % tar_block);
}
/// What ends an archive.
std::string tar_end();

/// Takes an archive in pieces of any size and calls back in order: begin, data (any number of times), end.
class TarReader {
public:
    struct Events {
        std::function<void(ArchiveEntry)> begin;
        std::function<void(std::string_view)> data;
        std::function<void()> end;
    };
    explicit TarReader(Events events) : events_{std::move(events)} {}

    /// Refuses what is no tar, devices, pipes and sparse files, and headers of more than 64 KiB; nothing may
    /// be pushed after that.
    core::Expected<void> push(std::string_view bytes);
    /// Refuses an archive that ends in the middle.
    core::Expected<void> finish() const;

private:
    enum class State { header, content, padding, long_name, long_target, pax, global_pax, done };

    core::Expected<void> take_header(std::string_view block);
    core::Expected<void> begin_entry(std::string_view block, char type, std::uint64_t size);
    core::Expected<void> begin_meta(State state, std::uint64_t size);
    core::Expected<void> end_content();
    core::Expected<void> take_pax();
    std::string name_in(std::string_view block) const;

    Events events_;
    State state_ = State::header;
    std::string waiting_;     ///< a header that has not come whole
    std::string meta_;        ///< a long name, or pax records
    std::uint64_t left_ = 0;  ///< of the content or padding
    std::size_t padding_ = 0;
    int zero_blocks_ = 0;
    bool has_begun_ = false;
    bool is_entry_ = false;  ///< the content is a file's
    std::optional<std::string> next_name_;
    std::optional<std::string> next_target_;
    std::optional<std::uint64_t> next_size_;
};

}  // namespace carrel::desk::archive
