// What archives hold, whatever their format; and which names of theirs may be made on a disk. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace carrel::desk::archive {

struct ArchiveEntry {
    enum class Kind { file, folder, symlink, hard_link };
    Kind kind = Kind::file;
    std::string name;               ///< as the archive says it: "a/b"
    std::string target;             ///< of links
    std::uint64_t size = 0;         ///< bytes of a file's content
    unsigned mode = 0644;           ///< permission bits
    std::int64_t modified = 0;      ///< seconds since 1970, or before it
    std::uint32_t nanoseconds = 0;  ///< after `modified`
    std::uint64_t hole = 0;         ///< bytes of `size` that are zeros and need no room: of sparse files

    bool operator==(const ArchiveEntry&) const = default;
};

/// A refusal, thrown.
inline void require(core::Expected<void> judged) {
    if (!judged) throw std::move(judged.error());
}

/// The steps of an entry's name below the directory that gets it. Refuses absolute names, "..", NUL, what is
/// too long or too deep; "." and empty steps are passed over, and the directory itself has no steps.
core::Expected<std::vector<std::string>> safe_steps(std::string_view name);

/// Refuses a symbolic link that, as it is written, leads out of the directory.
core::Expected<void> judge_link(const std::vector<std::string>& steps, std::string_view target);

}  // namespace carrel::desk::archive
