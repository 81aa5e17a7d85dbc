// Headers of a tar stream (POSIX.1-2001, pax), and GNU tar's description of a file with holes (its manual,
// "PAX Format, Version 1.0"). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::jail::workspaces {

struct TarEntry {
    enum class Kind : char { file = '0', link = '2', folder = '5' };

    std::string path;  ///< any bytes but 0
    Kind kind = Kind::file;
    unsigned mode = 0644;
    std::uint64_t size = 0;      ///< of a file, bytes
    std::uint64_t modified = 0;  ///< seconds since 1970
    std::string target = {};     ///< of a link
};

/// Part of a file that is not a hole.
struct Extent {
    std::uint64_t offset;
    std::uint64_t length;
};

inline constexpr std::size_t tar_block = 512;

/// All blocks before the entry's bytes.
std::string tar_header(const TarEntry& entry);
/// The same of a file with holes, of which only `data` follows, one after another; `size` is the whole
/// file's.
std::string sparse_header(const TarEntry& entry, const std::vector<Extent>& data);
/// Zeros that fill the last block of so many bytes.
std::string tar_padding(std::uint64_t size);
/// What ends a tar stream.
std::string tar_end();

}  // namespace carrel::jail::workspaces
