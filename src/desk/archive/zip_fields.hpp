// What an item of a zip's directory says of itself beside its fixed part: names in their many spellings,
// extra fields (APPNOTE 4.4.4, 4.5 and Info-ZIP's extrafld.txt). Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace carrel::desk::archive {

/// The systems that zips are made on, where that matters.
enum class ZipHost { dos, unix_like };
/// Of the second byte of "version made by".
ZipHost host_of(std::uint64_t number);

/// Calls `take(id, field)` for each extra field that is whole.
void for_each_field(std::string_view extra,
                    const std::function<void(std::uint64_t id, std::string_view field)>& take);

/// Seconds since 1970 of a DOS date and time; what is out of range is moved into it.
std::int64_t dos_seconds(std::uint64_t date, std::uint64_t time);
/// The time of the last change that an extra field tells: Info-ZIP's two, or NTFS's. The most exact one.
struct ZipTime {
    std::int64_t seconds;
    std::uint32_t nanoseconds;
};
std::optional<ZipTime> find_zip_time(std::string_view extra);

/// An item's name as UTF-8 where that can be known, as Info-ZIP does it: the Unicode path (0x7075) if it is
/// of this name; else, of a name from DOS that is not UTF-8, code page 437; else the bytes as they are.
std::string zip_name(std::string_view bytes, bool is_utf8, ZipHost host, std::string_view extra);

}  // namespace carrel::desk::archive
