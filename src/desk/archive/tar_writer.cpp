#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "desk/archive/tar.hpp"
#include "desk/archive/tar_layout.hpp"

namespace carrel::desk::archive {

namespace {

constexpr std::uint64_t largest_ustar_size = 077777777777;

void put(std::string& block, TarPlace place, std::string_view text) {
    block.replace(place.at, std::min(place.size, text.size()), text.substr(0, place.size));
}
void put_octal(std::string& block, TarPlace place, std::uint64_t number) {
    put(block, place, fmt::format("{:0{}o}", number, place.size - 1));
}

std::string pax_record(std::string_view key, std::string_view value) {
    // The length counts its own digits.
    const auto rest = key.size() + value.size() + 3;
    auto size = rest + std::to_string(rest).size();
    size = rest + std::to_string(size).size();
    return fmt::format("{} {}={}\n", size, key, value);
}

/// Where a long name can be cut for ustar's prefix; nothing when it cannot.
std::optional<std::size_t> prefix_end(std::string_view name) {
    if (name.size() <= name_place.size) return 0;
    for (auto at = name.rfind('/', prefix_place.size); at != name.npos && at > 0;
         at = name.rfind('/', at - 1)) {
        if (name.size() - at - 1 > name_place.size) return std::nullopt;
        if (at + 1 < name.size()) return at;
    }
    return std::nullopt;
}

char type_of_kind(ArchiveEntry::Kind kind) {
    switch (kind) {
        case ArchiveEntry::Kind::file: return '0';
        case ArchiveEntry::Kind::hard_link: return '1';
        case ArchiveEntry::Kind::symlink: return '2';
        case ArchiveEntry::Kind::folder: return '5';
    }
    return '0';
}

std::string header_block(const ArchiveEntry& entry, std::string_view name, std::size_t prefix, char type,
                         std::uint64_t size) {
    std::string block(tar_block, '\0');
    put(block, name_place, prefix > 0 ? name.substr(prefix + 1) : name);
    put(block, prefix_place, name.substr(0, prefix));
    put_octal(block, mode_place, entry.mode & 07777);
    put_octal(block, uid_place, 0);
    put_octal(block, gid_place, 0);
    put_octal(block, size_place, std::min(size, largest_ustar_size));
    put_octal(block, time_place,
              static_cast<std::uint64_t>(std::clamp<std::int64_t>(
                  entry.modified, 0, static_cast<std::int64_t>(largest_ustar_size))));
    put(block, type_place, {&type, 1});
    put(block, target_place, entry.target);
    put(block, magic_place, std::string_view{"ustar\0", 6});
    put(block, version_place, "00");
    put(block, sum_place, fmt::format("{:06o}", tar_sum(block)) + std::string{'\0', ' '});
    return block;
}

}  // namespace

std::string tar_header(const ArchiveEntry& entry) {
    auto name = entry.name;
    if (entry.kind == ArchiveEntry::Kind::folder && !name.ends_with('/')) name += '/';
    const auto prefix = prefix_end(name);
    std::string records;
    if (!prefix) records += pax_record("path", name);
    if (entry.target.size() > target_place.size) records += pax_record("linkpath", entry.target);
    if (entry.modified < 0 || entry.modified > static_cast<std::int64_t>(largest_ustar_size))
        records += pax_record("mtime", std::to_string(entry.modified));
    if (entry.size > largest_ustar_size) records += pax_record("size", std::to_string(entry.size));
    auto header = header_block(entry, name, prefix.value_or(0), type_of_kind(entry.kind), entry.size);
    if (records.empty()) return header;
    ArchiveEntry meta;
    meta.name = "PaxHeaders/next";
    auto whole = header_block(meta, meta.name, 0, 'x', records.size()) + records;
    whole.append(tar_padding(records.size()), '\0');
    return whole += header;
}

std::string tar_end() { return std::string(2 * tar_block, '\0'); }

}  // namespace carrel::desk::archive
