#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <ctime>

#include "core/text.hpp"
#include "desk/archive/zip.hpp"

namespace carrel::desk::archive {

namespace {

/// From here on sizes get zip64's room: deflate can make a content a little larger.
constexpr std::uint64_t large = 0xfff00000;
constexpr std::uint16_t plain_version = 20;
constexpr std::uint16_t zip64_version = 45;
constexpr std::uint16_t made_on_unix = 3 << 8;
/// Sizes follow the content; and whether names are UTF-8.
constexpr std::uint16_t sizes_follow = 1 << 3;
constexpr std::uint16_t name_is_utf8 = 1 << 11;
std::uint16_t flags_of(const ArchiveEntry& entry) {
    return core::is_utf8(entry.name) ? sizes_follow | name_is_utf8 : sizes_follow;
}

/// Little-endian numbers, one behind another.
class Record {
public:
    Record& u16(std::uint64_t number) { return add(number, 2); }
    Record& u32(std::uint64_t number) { return add(number, 4); }
    Record& u64(std::uint64_t number) { return add(number, 8); }
    Record& text(std::string_view bytes) {
        text_ += bytes;
        return *this;
    }
    std::string take() { return std::move(text_); }

private:
    Record& add(std::uint64_t number, int bytes) {
        for (int i = 0; i < bytes; ++i) text_ += static_cast<char>(number >> (8 * i) & 0xff);
        return *this;
    }
    std::string text_;
};

/// MS-DOS date and time, in one number. It has every other second only: the next one, as Info-ZIP takes it,
/// so that nothing unpacked seems older than it is.
std::uint32_t dos_time(std::int64_t seconds) {
    const std::time_t time = seconds + (seconds & 1);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    if (parts.tm_year < 80) return 1 << 21 | 1 << 16;
    const auto year = static_cast<std::uint32_t>(std::min(parts.tm_year - 80, 127));
    return year << 25 | static_cast<std::uint32_t>(parts.tm_mon + 1) << 21 |
           static_cast<std::uint32_t>(parts.tm_mday) << 16 | static_cast<std::uint32_t>(parts.tm_hour) << 11 |
           static_cast<std::uint32_t>(parts.tm_min) << 5 | static_cast<std::uint32_t>(parts.tm_sec / 2);
}

/// Info-ZIP's extended timestamp: the time of the last change.
std::string time_field(std::int64_t seconds) {
    constexpr std::int64_t most = 0x7fffffff;
    const auto time = std::bit_cast<std::uint64_t>(std::clamp<std::int64_t>(seconds, -most - 1, most));
    return Record{}.u16(0x5455).u16(5).text("\x01").u32(time).take();
}

std::uint32_t mode_of(const ArchiveEntry& entry) {
    const std::uint32_t type = entry.kind == ArchiveEntry::Kind::folder    ? S_IFDIR
                               : entry.kind == ArchiveEntry::Kind::symlink ? S_IFLNK
                                                                           : S_IFREG;
    constexpr std::uint32_t dos_directory = 0x10;
    return (type | (entry.mode & 07777)) << 16 |
           (entry.kind == ArchiveEntry::Kind::folder ? dos_directory : 0);
}

}  // namespace

std::string ZipWriter::begin(const ArchiveEntry& entry, ZipMethod method) {
    open_ = Open{entry, method, entry.size >= large, written_};
    auto& name = open_->entry.name;
    if (entry.kind == ArchiveEntry::Kind::folder && !name.ends_with('/')) name += '/';
    auto extra = time_field(entry.modified);
    if (open_->is_large) extra += Record{}.u16(1).u16(16).u64(0).u64(0).take();
    auto header = Record{}
                      .u32(0x04034b50)
                      .u16(open_->is_large ? zip64_version : plain_version)
                      .u16(flags_of(open_->entry))
                      .u16(static_cast<std::uint16_t>(method))
                      .u32(dos_time(entry.modified))
                      .u32(0)
                      .u32(open_->is_large ? no_size : 0)
                      .u32(open_->is_large ? no_size : 0)
                      .u16(name.size())
                      .u16(extra.size())
                      .text(name)
                      .text(extra)
                      .take();
    written_ += header.size();
    return header;
}

std::string ZipWriter::end(std::uint32_t crc, std::uint64_t packed, std::uint64_t size) {
    const auto& [entry, method, is_large, at] = *open_;
    Record descriptor;
    descriptor.u32(0x08074b50).u32(crc);
    if (is_large)
        descriptor.u64(packed).u64(size);
    else
        descriptor.u32(packed).u32(size);
    auto text = descriptor.take();

    const bool is_far = at >= no_size;
    auto extra = time_field(entry.modified);
    if (is_large || is_far) {
        Record zip64;
        zip64.u16(1).u16((is_large ? 16 : 0) + (is_far ? 8 : 0));
        if (is_large) zip64.u64(size).u64(packed);
        if (is_far) zip64.u64(at);
        extra += zip64.take();
    }
    const auto version = is_large || is_far ? zip64_version : plain_version;
    directory_ += Record{}
                      .u32(0x02014b50)
                      .u16(made_on_unix | version)
                      .u16(version)
                      .u16(flags_of(entry))
                      .u16(static_cast<std::uint16_t>(method))
                      .u32(dos_time(entry.modified))
                      .u32(crc)
                      .u32(is_large ? no_size : packed)
                      .u32(is_large ? no_size : size)
                      .u16(entry.name.size())
                      .u16(extra.size())
                      .u16(0)
                      .u16(0)
                      .u16(0)
                      .u32(mode_of(entry))
                      .u32(is_far ? no_size : at)
                      .text(entry.name)
                      .text(extra)
                      .take();
    ++entries_;
    written_ += packed + text.size();
    open_.reset();
    return text;
}

std::string ZipWriter::finish() {
    const auto at = written_;
    const auto size = directory_.size();
    auto text = std::move(directory_);
    if (entries_ >= 0xffff || at >= no_size || size >= no_size) {
        text += Record{}
                    .u32(0x06064b50)
                    .u64(44)
                    .u16(made_on_unix | zip64_version)
                    .u16(zip64_version)
                    .u32(0)
                    .u32(0)
                    .u64(entries_)
                    .u64(entries_)
                    .u64(size)
                    .u64(at)
                    .take();
        text += Record{}.u32(0x07064b50).u32(0).u64(at + size).u32(1).take();
    }
    const auto count = std::min<std::uint64_t>(entries_, 0xffff);
    return text + Record{}
                      .u32(0x06054b50)
                      .u16(0)
                      .u16(0)
                      .u16(count)
                      .u16(count)
                      .u32(std::min<std::uint64_t>(size, no_size))
                      .u32(std::min<std::uint64_t>(at, no_size))
                      .u16(0)
                      .take();
}

}  // namespace carrel::desk::archive
