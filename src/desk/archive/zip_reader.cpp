#include <fmt/format.h>
#include <sys/stat.h>

#include <ctime>

#include "core/bytes.hpp"
#include "core/text.hpp"
#include "desk/archive/zip.hpp"

namespace carrel::desk::archive {

using core::Expected;
using core::refuse;

namespace {

constexpr std::size_t end_size = 22;
constexpr std::size_t longest_comment = 0xffff;
constexpr std::size_t locator_size = 20;
constexpr std::size_t zip64_end_size = 56;
constexpr std::size_t item_size = 46;
constexpr std::size_t local_size = 30;
constexpr std::uint64_t most_entries = 200'000;
constexpr std::uint64_t most_directory = std::uint64_t{64} << 20;

/// Little-endian; the caller has looked at the size.
constexpr auto& number_at = core::little_endian;

struct Directory {
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    std::uint64_t entries = 0;
};

Expected<Directory> read_zip64_end(const ReadAt& read, std::uint64_t locator_at) {
    const auto locator = read(locator_at, locator_size);
    if (locator.size() < locator_size || number_at(locator, 0, 4) != 0x07064b50)
        return refuse("the zip is damaged: its zip64 end is missing");
    const auto end = read(number_at(locator, 8, 8), zip64_end_size);
    if (end.size() < zip64_end_size || number_at(end, 0, 4) != 0x06064b50)
        return refuse("the zip is damaged: its zip64 end is missing");
    return Directory{number_at(end, 48, 8), number_at(end, 40, 8), number_at(end, 32, 8)};
}

Expected<Directory> find_directory(const ReadAt& read, std::uint64_t size) {
    const auto most = std::min<std::uint64_t>(size, end_size + longest_comment);
    const auto tail = read(size - most, static_cast<std::size_t>(most));
    constexpr std::string_view signature{"PK\x05\x06", 4};
    const auto at = tail.size() < end_size ? tail.npos : tail.rfind(signature, tail.size() - end_size);
    if (at == tail.npos) return refuse("this is no zip: it has no directory at its end");
    const std::string_view end = std::string_view{tail}.substr(at);
    if (number_at(end, 4, 2) != 0 && number_at(end, 4, 2) != 0xffff)
        return refuse("the zip is one of several volumes");
    Directory directory{number_at(end, 16, 4), number_at(end, 12, 4), number_at(end, 10, 2)};
    const auto end_at = size - most + at;
    const bool is_large = directory.at == no_size || directory.size == no_size || directory.entries == 0xffff;
    if (is_large && end_at >= locator_size) {
        const auto locator = read(end_at - locator_size, 4);
        if (locator.size() == 4 && number_at(locator, 0, 4) == 0x07064b50)
            return read_zip64_end(read, end_at - locator_size);
    }
    return directory;
}

/// The sizes and place that had no room in the item itself (APPNOTE 4.5.3).
Expected<void> read_zip64_field(std::string_view extra, ZipItem& item) {
    const auto take = [&](std::string_view& field, std::uint64_t& number) {
        if (number != no_size) return true;
        if (field.size() < 8) return false;
        number = number_at(field, 0, 8);
        field.remove_prefix(8);
        return true;
    };
    while (extra.size() >= 4) {
        const auto id = number_at(extra, 0, 2);
        const auto size = static_cast<std::size_t>(number_at(extra, 2, 2));
        if (size > extra.size() - 4) break;
        auto field = extra.substr(4, size);
        extra.remove_prefix(4 + size);
        if (id != 1) continue;
        if (!take(field, item.entry.size) || !take(field, item.packed) || !take(field, item.header_at))
            return refuse("the zip is damaged: a zip64 field is too short");
    }
    return {};
}

std::int64_t time_of(std::uint64_t date, std::uint64_t time) {
    std::tm parts{};
    parts.tm_year = static_cast<int>(date >> 9) + 80;
    parts.tm_mon = static_cast<int>(date >> 5 & 15) - 1;
    parts.tm_mday = static_cast<int>(date & 31);
    parts.tm_hour = static_cast<int>(time >> 11);
    parts.tm_min = static_cast<int>(time >> 5 & 63);
    parts.tm_sec = static_cast<int>(time & 31) * 2;
    return ::timegm(&parts);
}

Expected<void> read_mode(std::string_view bytes, ZipItem& item) {
    auto& entry = item.entry;
    entry.kind = entry.name.ends_with('/') ? ArchiveEntry::Kind::folder : ArchiveEntry::Kind::file;
    entry.mode = entry.kind == ArchiveEntry::Kind::folder ? 0755 : 0644;
    const auto mode = static_cast<mode_t>(number_at(bytes, 38, 4) >> 16);
    const bool is_from_unix = number_at(bytes, 5, 1) == 3 && mode != 0;
    if (!is_from_unix) return {};
    entry.mode = mode & 07777;
    if (S_ISLNK(mode))
        entry.kind = ArchiveEntry::Kind::symlink;
    else if (S_ISDIR(mode))
        entry.kind = ArchiveEntry::Kind::folder;
    else if ((mode & S_IFMT) != 0 && !S_ISREG(mode))
        return refuse(
            fmt::format("the zip's entry \"{}\" is a device or a pipe", core::repair_utf8(entry.name)));
    return {};
}

Expected<ZipItem> read_item(std::string_view bytes, std::string_view name, std::string_view extra) {
    ZipItem item;
    item.entry.name = name;
    const auto shown = core::repair_utf8(name);
    if ((number_at(bytes, 8, 2) & 1) != 0)
        return refuse(fmt::format("the zip's entry \"{}\" is encrypted", shown));
    const auto method = number_at(bytes, 10, 2);
    if (method != 0 && method != 8)
        return refuse(
            fmt::format("the zip's entry \"{}\" is compressed by method {}; stored and deflated "
                        "ones are unpacked",
                        shown, method));
    item.method = static_cast<ZipMethod>(method);
    item.entry.modified = time_of(number_at(bytes, 14, 2), number_at(bytes, 12, 2));
    item.crc = static_cast<std::uint32_t>(number_at(bytes, 16, 4));
    item.packed = number_at(bytes, 20, 4);
    item.entry.size = number_at(bytes, 24, 4);
    item.header_at = number_at(bytes, 42, 4);
    if (auto read = read_zip64_field(extra, item); !read) return std::unexpected{read.error()};
    if (auto read = read_mode(bytes, item); !read) return std::unexpected{read.error()};
    if (item.method == ZipMethod::stored && item.packed != item.entry.size)
        return refuse(fmt::format("the zip's entry \"{}\" has two sizes", shown));
    return item;
}

}  // namespace

Expected<std::vector<ZipItem>> read_zip_directory(const ReadAt& read, std::uint64_t size) {
    const auto directory = find_directory(read, size);
    if (!directory) return std::unexpected{directory.error()};
    if (directory->entries > most_entries || directory->size > most_directory)
        return refuse(fmt::format("the zip has more than {} entries", most_entries));
    if (directory->at > size || directory->size > size - directory->at)
        return refuse("the zip is damaged: its directory is not where its end says");
    const auto text = read(directory->at, static_cast<std::size_t>(directory->size));
    std::string_view rest = text;
    std::vector<ZipItem> items;
    for (std::uint64_t i = 0; i < directory->entries; ++i) {
        if (rest.size() < item_size || number_at(rest, 0, 4) != 0x02014b50)
            return refuse("the zip is damaged: its directory ends early");
        const auto name_size = static_cast<std::size_t>(number_at(rest, 28, 2));
        const auto extra_size = static_cast<std::size_t>(number_at(rest, 30, 2));
        const auto whole =
            item_size + name_size + extra_size + static_cast<std::size_t>(number_at(rest, 32, 2));
        if (rest.size() < whole) return refuse("the zip is damaged: its directory ends early");
        auto item = read_item(rest, rest.substr(item_size, name_size),
                              rest.substr(item_size + name_size, extra_size));
        if (!item) return std::unexpected{item.error()};
        items.push_back(std::move(*item));
        rest.remove_prefix(whole);
    }
    return items;
}

Expected<std::uint64_t> find_zip_content(const ReadAt& read, const ZipItem& item) {
    const auto header = read(item.header_at, local_size);
    if (header.size() < local_size || number_at(header, 0, 4) != 0x04034b50)
        return refuse(fmt::format("the zip is damaged: the entry \"{}\" is not where its directory says",
                                  core::repair_utf8(item.entry.name)));
    return item.header_at + local_size + number_at(header, 26, 2) + number_at(header, 28, 2);
}

}  // namespace carrel::desk::archive
