#include "jail/workspaces/tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace carrel::jail::workspaces {

namespace {

/// Fields of the header: where each begins and how long it is.
struct Field {
    std::size_t begin;
    std::size_t length;
};
constexpr Field name_field{0, 100}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8},
    size_field{124, 12}, time_field{136, 12}, sum_field{148, 8}, kind_field{156, 1}, link_field{157, 100},
    magic_field{257, 8}, user_field{265, 32}, group_field{297, 32};

constexpr char pax_kind = 'x';
constexpr std::uint64_t agent_id = 1000;
constexpr std::uint64_t largest_octal_size = (std::uint64_t{1} << 33) - 1;

void put(std::string& block, const Field& field, std::string_view text) {
    block.replace(field.begin, std::min(text.size(), field.length), text.substr(0, field.length));
}

void put_octal(std::string& block, const Field& field, std::uint64_t value) {
    put(block, field, fmt::format("{:0{}o}", value, field.length - 1));
}

std::string plain_block(std::string_view name, char kind, unsigned mode, std::uint64_t size,
                        std::uint64_t modified, std::string_view target) {
    std::string block(tar_block, '\0');
    put(block, name_field, name);
    put_octal(block, mode_field, mode & 07777);
    put_octal(block, uid_field, agent_id);
    put_octal(block, gid_field, agent_id);
    put_octal(block, size_field, std::min(size, largest_octal_size));
    put_octal(block, time_field, std::min(modified, largest_octal_size));
    put(block, kind_field, {&kind, 1});
    put(block, link_field, target);
    put(block, magic_field, std::string_view{"ustar\00000", 8});
    put(block, user_field, "agent");
    put(block, group_field, "agent");
    put(block, sum_field, "        ");
    unsigned sum = 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    put(block, sum_field, fmt::format("{:06o}", sum));
    block[sum_field.begin + 6] = '\0';
    return block;
}

/// "LENGTH KEY=VALUE\n", where the length counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
    const auto rest = key.size() + value.size() + 3;
    auto length = rest + 1;
    while (rest + fmt::formatted_size("{}", length) != length) ++length;
    return fmt::format("{} {}={}\n", length, key, value);
}

std::string pax_block(const std::string& records) {
    if (records.empty()) return {};
    return plain_block("pax", pax_kind, 0644, records.size(), 0, "") + records + tar_padding(records.size());
}

/// What does not fit into the plain header.
std::string long_fields(const TarEntry& entry) {
    std::string records;
    if (entry.path.size() > name_field.length) records += pax_record("path", entry.path);
    if (entry.target.size() > link_field.length) records += pax_record("linkpath", entry.target);
    if (entry.size > largest_octal_size) records += pax_record("size", fmt::to_string(entry.size));
    return records;
}

}  // namespace

std::string tar_padding(std::uint64_t size) {
    return std::string((tar_block - size % tar_block) % tar_block, '\0');
}

std::string tar_end() { return std::string(2 * tar_block, '\0'); }

std::string tar_header(const TarEntry& entry) {
    return pax_block(long_fields(entry)) + plain_block(entry.path, static_cast<char>(entry.kind), entry.mode,
                                                       entry.size, entry.modified, entry.target);
}

std::string sparse_header(const TarEntry& entry, const std::vector<Extent>& data) {
    auto map = fmt::format("{}\n", data.size());
    std::uint64_t stored = 0;
    for (const auto& [offset, length] : data) {
        map += fmt::format("{}\n{}\n", offset, length);
        stored += length;
    }
    map += tar_padding(map.size());
    const auto size = map.size() + stored;
    auto records = pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.minor", "0") +
                   pax_record("GNU.sparse.name", entry.path) +
                   pax_record("GNU.sparse.realsize", fmt::to_string(entry.size));
    if (size > largest_octal_size) records += pax_record("size", fmt::to_string(size));
    return pax_block(records) +
           plain_block("sparse", static_cast<char>(TarEntry::Kind::file), entry.mode, size, entry.modified,
                       "") +
           map;
}

}  // namespace carrel::jail::workspaces
