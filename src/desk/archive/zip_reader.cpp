#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/bytes.hpp"
#include "core/text.hpp"
#include "desk/archive/zip.hpp"
#include "desk/archive/zip_fields.hpp"

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
constexpr std::uint64_t item_signature = 0x02014b50;
constexpr std::uint64_t utf8_flag = 1 << 11;
constexpr std::uint64_t most_entries = 200'000;
constexpr std::uint64_t most_directory = std::uint64_t{64} << 20;

/// Little-endian; the caller has looked at the size.
constexpr auto& number_at = core::little_endian;

struct Directory {
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    std::uint64_t entries = 0;
    std::uint64_t end_at = 0;  ///< where what says this begins
};

Expected<Directory> read_zip64_end(const ReadAt& read, std::uint64_t locator_at) {
    const auto locator = read(locator_at, locator_size);
    if (locator.size() < locator_size || number_at(locator, 0, 4) != 0x07064b50)
        return refuse("the zip is damaged: its zip64 end is missing");
    auto at = number_at(locator, 8, 8);
    auto end = read(at, zip64_end_size);
    const auto is_end = [&] { return end.size() == zip64_end_size && number_at(end, 0, 4) == 0x06064b50; };
    if (!is_end() && locator_at >= zip64_end_size) {
        // Something stands before the archive, which its own places do not count.
        at = locator_at - zip64_end_size;
        end = read(at, zip64_end_size);
    }
    if (!is_end()) return refuse("the zip is damaged: its zip64 end is missing");
    return Directory{number_at(end, 48, 8), number_at(end, 40, 8), number_at(end, 32, 8), at};
}

/// What the end of an archive says, which begins at `end_at` in it; `end` goes on to the last byte.
Expected<Directory> read_end(const ReadAt& read, std::string_view end, std::uint64_t end_at) {
    if (number_at(end, 4, 2) != 0 && number_at(end, 4, 2) != 0xffff)
        return refuse("the zip is one of several volumes");
    Directory directory{number_at(end, 16, 4), number_at(end, 12, 4), number_at(end, 10, 2), end_at};
    const bool is_large = directory.at == no_size || directory.size == no_size || directory.entries == 0xffff;
    if (is_large && end_at >= locator_size) {
        const auto locator = read(end_at - locator_size, 4);
        if (locator.size() == 4 && number_at(locator, 0, 4) == 0x07064b50)
            return read_zip64_end(read, end_at - locator_size);
    }
    return directory;
}

/// How well what an end says agrees with what is there; the later, the better. `apart`: something stands
/// between the directory and its end. `shifted`: something stands before the archive that is not counted.
enum class Fit { none, empty, apart, shifted, exact };

Fit fit_of(const ReadAt& read, const Expected<Directory>& directory) {
    if (!directory) return Fit::none;
    const auto [at, size, entries, end_at] = *directory;
    if (size > end_at || at > end_at - size) return Fit::none;
    if (entries == 0) return at == end_at ? Fit::empty : Fit::none;
    const auto begins_at = [&](std::uint64_t place) {
        const auto first = read(place, 4);
        return first.size() == 4 && number_at(first, 0, 4) == item_signature;
    };
    if (begins_at(end_at - size)) return at == end_at - size ? Fit::exact : Fit::shifted;
    return begins_at(at) ? Fit::apart : Fit::none;
}

/// By the end of the archive. Its signature may also stand in the comment behind it, and in contents: what
/// counts is that the comment reaches to the last byte, then how well it fits, then that it is the last.
Expected<Directory> find_directory(const ReadAt& read, std::uint64_t size) {
    const auto most = std::min<std::uint64_t>(size, end_size + longest_comment);
    const auto tail = read(size - most, static_cast<std::size_t>(most));
    constexpr std::string_view signature{"PK\x05\x06", 4};
    struct Found {
        Expected<Directory> directory;
        bool reaches;
        Fit fit;
    };
    std::optional<Found> best;
    const auto is_better = [&](const Found& found) {
        if (!best || found.reaches != best->reaches) return !best || found.reaches;
        // With bytes behind the archive, one inside it must not take the place of one that is damaged.
        return found.reaches ? found.fit > best->fit : best->fit == Fit::none && found.fit == Fit::exact;
    };
    auto at = tail.size() < end_size ? tail.npos : tail.rfind(signature, tail.size() - end_size);
    while (at != tail.npos) {
        const auto end = std::string_view{tail}.substr(at);
        auto directory = read_end(read, end, size - most + at);
        const auto fit = fit_of(read, directory);
        Found found{std::move(directory), end_size + number_at(end, 20, 2) == end.size(), fit};
        if (is_better(found)) best = std::move(found);
        if (best->reaches && best->fit == Fit::exact) break;
        at = at == 0 ? tail.npos : tail.rfind(signature, at - 1);
    }
    if (!best) return refuse("this is no zip: it has no directory at its end");
    return std::move(best->directory);
}

/// How far everything is from where the archive says: what stands before it, as in one that extracts itself.
/// The directory ends where its end begins.
std::uint64_t size_before(const ReadAt& read, const Directory& directory) {
    if (directory.size > directory.end_at || directory.at > directory.end_at - directory.size) return 0;
    const auto real = directory.end_at - directory.size;
    const auto first = read(real, 4);
    return first.size() == 4 && number_at(first, 0, 4) == item_signature ? real - directory.at : 0;
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
    bool is_whole = true;
    for_each_field(extra, [&](std::uint64_t id, std::string_view field) {
        if (id != 1) return;
        is_whole = is_whole && take(field, item.entry.size) && take(field, item.packed) &&
                   take(field, item.header_at);
    });
    if (!is_whole) return refuse("the zip is damaged: a zip64 field is too short");
    return {};
}

/// By the name as it is in the end.
Expected<void> read_mode(ZipItem& item) {
    auto& entry = item.entry;
    constexpr std::uint32_t dos_directory = 0x10;
    const bool is_folder =
        entry.name.ends_with('/') || ((item.attributes & dos_directory) != 0 && entry.size == 0);
    entry.kind = is_folder ? ArchiveEntry::Kind::folder : ArchiveEntry::Kind::file;
    entry.mode = is_folder ? 0755 : 0644;
    const auto mode = static_cast<mode_t>(item.attributes >> 16);
    if (item.host == ZipHost::dos || mode == 0) return {};
    entry.mode = mode & 07777;
    if (S_ISLNK(mode))
        entry.kind = ArchiveEntry::Kind::symlink;
    else if (S_ISDIR(mode))
        entry.kind = ArchiveEntry::Kind::folder;
    else if (S_ISREG(mode) && !entry.name.ends_with('/'))
        entry.kind = ArchiveEntry::Kind::file;
    else if ((mode & S_IFMT) != 0 && !S_ISREG(mode))
        return refuse(
            fmt::format("the zip's entry \"{}\" is a device or a pipe", core::repair_utf8(entry.name)));
    return {};
}

Expected<ZipItem> read_item(std::string_view bytes, std::string_view name, std::string_view extra) {
    ZipItem item;
    const auto flags = number_at(bytes, 8, 2);
    item.host = host_of(number_at(bytes, 5, 1));
    item.entry.name = zip_name(name, (flags & utf8_flag) != 0, item.host, extra);
    const auto shown = core::repair_utf8(item.entry.name);
    if ((flags & 1) != 0) return refuse(fmt::format("the zip's entry \"{}\" is encrypted", shown));
    const auto method = number_at(bytes, 10, 2);
    if (method != 0 && method != 8)
        return refuse(
            fmt::format("the zip's entry \"{}\" is compressed by method {}; stored and deflated "
                        "ones are unpacked",
                        shown, method));
    item.method = static_cast<ZipMethod>(method);
    const auto time = find_zip_time(extra).value_or(
        ZipTime{dos_seconds(number_at(bytes, 14, 2), number_at(bytes, 12, 2)), 0});
    item.entry.modified = time.seconds;
    item.entry.nanoseconds = time.nanoseconds;
    item.crc = static_cast<std::uint32_t>(number_at(bytes, 16, 4));
    item.packed = number_at(bytes, 20, 4);
    item.entry.size = number_at(bytes, 24, 4);
    item.header_at = number_at(bytes, 42, 4);
    item.attributes = static_cast<std::uint32_t>(number_at(bytes, 38, 4));
    if (auto read = read_zip64_field(extra, item); !read) return std::unexpected{read.error()};
    if (item.method == ZipMethod::stored && item.packed != item.entry.size)
        return refuse(fmt::format("the zip's entry \"{}\" has two sizes", shown));
    return item;
}

/// Programs on Windows have written backslashes between folders, where the format wants slashes. A name of
/// another system may hold one, but no whole archive of folders without a single slash.
void turn_backslashes(std::vector<ZipItem>& items) {
    const bool has_slash =
        std::ranges::any_of(items, [](const ZipItem& item) { return item.entry.name.contains('/'); });
    for (auto& item : items) {
        if (!item.entry.name.contains('\\') || (has_slash && item.host != ZipHost::dos)) continue;
        std::ranges::replace(item.entry.name, '\\', '/');
        item.had_backslashes = true;
    }
}

}  // namespace

Expected<std::vector<ZipItem>> read_zip_directory(const ReadAt& read, std::uint64_t size) {
    const auto directory = find_directory(read, size);
    if (!directory) return std::unexpected{directory.error()};
    if (directory->entries > most_entries || directory->size > most_directory)
        return refuse(fmt::format("the zip has more than {} entries", most_entries));
    if (directory->at > size || directory->size > size - directory->at)
        return refuse("the zip is damaged: its directory is not where its end says");
    const auto before = size_before(read, *directory);
    const auto text = read(directory->at + before, static_cast<std::size_t>(directory->size));
    std::string_view rest = text;
    std::vector<ZipItem> items;
    for (std::uint64_t i = 0; i < directory->entries; ++i) {
        if (rest.size() < item_size || number_at(rest, 0, 4) != item_signature)
            return refuse("the zip is damaged: its directory ends early");
        const auto name_size = static_cast<std::size_t>(number_at(rest, 28, 2));
        const auto extra_size = static_cast<std::size_t>(number_at(rest, 30, 2));
        const auto whole =
            item_size + name_size + extra_size + static_cast<std::size_t>(number_at(rest, 32, 2));
        if (rest.size() < whole) return refuse("the zip is damaged: its directory ends early");
        auto item = read_item(rest, rest.substr(item_size, name_size),
                              rest.substr(item_size + name_size, extra_size));
        if (!item) return std::unexpected{item.error()};
        item->header_at += before;
        items.push_back(std::move(*item));
        rest.remove_prefix(whole);
    }
    turn_backslashes(items);
    for (auto& item : items)
        if (auto judged = read_mode(item); !judged) return std::unexpected{judged.error()};
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
