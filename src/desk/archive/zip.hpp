// zip, with zip64: PKWARE's APPNOTE.TXT 6.3.10. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "desk/archive/entry.hpp"
#include "desk/archive/zip_fields.hpp"

namespace carrel::desk::archive {

/// In the place of a size or an offset: the real one stands in a field of zip64.
constexpr std::uint32_t no_size = 0xffffffff;

enum class ZipMethod : std::uint16_t { stored = 0, deflated = 8 };

/// Writes an archive from front to back: sizes follow the contents, the directory comes at the end.
class ZipWriter {
public:
    /// What stands before an entry's content. `entry.size` is the most that its content will be.
    std::string begin(const ArchiveEntry& entry, ZipMethod method);
    /// What stands behind it.
    std::string end(std::uint32_t crc, std::uint64_t packed, std::uint64_t size);
    /// The directory, and the end of the archive.
    std::string finish();

private:
    struct Open {
        ArchiveEntry entry;
        ZipMethod method;
        bool is_large;
        std::uint64_t at;
    };
    std::optional<Open> open_;
    std::string directory_;
    std::uint64_t entries_ = 0;
    std::uint64_t written_ = 0;
};

/// An entry of an archive's directory, and where its content is.
struct ZipItem {
    ArchiveEntry entry;  ///< of a link, the target is its content
    ZipMethod method = ZipMethod::stored;
    std::uint32_t crc = 0;
    std::uint64_t packed = 0;     ///< bytes of the content in the archive
    std::uint64_t header_at = 0;  ///< of the local header
    ZipHost host = ZipHost::unix_like;
    std::uint32_t attributes = 0;  ///< as on that host: DOS's low, a Unix's mode high
    /// Whether its name had these for slashes: it has slashes now.
    bool had_backslashes = false;
};

/// Bytes of the archive: exactly so many, or fewer at its end.
using ReadAt = std::function<std::string(std::uint64_t at, std::size_t size)>;

/// The directory of an archive of `size` bytes, also when other bytes stand before the archive or behind it.
/// Refuses what is no zip, is encrypted, in several volumes, compressed otherwise, or has more than 200,000
/// entries; devices and pipes.
core::Expected<std::vector<ZipItem>> read_zip_directory(const ReadAt& read, std::uint64_t size);

/// Where the item's content begins.
core::Expected<std::uint64_t> find_zip_content(const ReadAt& read, const ZipItem& item);

}  // namespace carrel::desk::archive
