#include "desk/archive/tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "core/text.hpp"

namespace carrel::desk::archive {

using core::Expected;
using core::refuse;

namespace {

constexpr std::uint64_t most_meta = std::uint64_t{64} << 10;
constexpr std::uint64_t largest_ustar_size = 077777777777;
/// No size of anything real, and no sum of two of them overflows.
constexpr std::uint64_t largest_size = std::uint64_t{1} << 60;

struct Place {
    std::size_t at;
    std::size_t size;
};
constexpr Place name_place{0, 100};
constexpr Place mode_place{100, 8};
constexpr Place uid_place{108, 8};
constexpr Place gid_place{116, 8};
constexpr Place size_place{124, 12};
constexpr Place time_place{136, 12};
constexpr Place sum_place{148, 8};
constexpr Place type_place{156, 1};
constexpr Place target_place{157, 100};
constexpr Place magic_place{257, 6};
constexpr Place version_place{263, 2};
constexpr Place prefix_place{345, 155};

std::string_view bytes_at(std::string_view block, Place place) { return block.substr(place.at, place.size); }
std::string_view text_at(std::string_view block, Place place) {
    const auto bytes = bytes_at(block, place);
    return bytes.substr(0, bytes.find('\0'));
}

void put(std::string& block, Place place, std::string_view text) {
    block.replace(place.at, std::min(place.size, text.size()), text.substr(0, place.size));
}
void put_octal(std::string& block, Place place, std::uint64_t number) {
    put(block, place, fmt::format("{:0{}o}", number, place.size - 1));
}

/// The sum of all bytes, those of the sum itself taken as spaces.
unsigned sum_of(std::string_view block) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < block.size(); ++i) {
        const bool is_sum = i >= sum_place.at && i < sum_place.at + sum_place.size;
        sum += is_sum ? ' ' : static_cast<unsigned char>(block[i]);
    }
    return sum;
}

/// Octal digits, or GNU's binary form, whose first bit is set.
std::optional<std::uint64_t> parse_number(std::string_view bytes) {
    if (!bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80) != 0) {
        std::uint64_t number = static_cast<unsigned char>(bytes[0]) & 0x7f;
        for (const char byte : bytes.substr(1)) {
            if (number > largest_size >> 8) return std::nullopt;
            number = number << 8 | static_cast<unsigned char>(byte);
        }
        return number;
    }
    const auto text = core::trim(bytes.substr(0, bytes.find('\0')));
    if (text.empty()) return 0;
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number, 8);
    if (error != std::errc{} || rest != text.data() + text.size() || number > largest_size)
        return std::nullopt;
    return number;
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
    put(block, sum_place, fmt::format("{:06o}", sum_of(block)) + std::string{'\0', ' '});
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

std::string TarReader::name_in(std::string_view block) const {
    std::string name{text_at(block, name_place)};
    // GNU's older format has times where ustar has the prefix.
    if (bytes_at(block, magic_place) != std::string_view{"ustar\0", 6}) return name;
    const auto prefix = text_at(block, prefix_place);
    return prefix.empty() ? name : fmt::format("{}/{}", prefix, name);
}

Expected<void> TarReader::begin_meta(State state, std::uint64_t size) {
    if (size > most_meta)
        return refuse(fmt::format("a header of the tar is larger than {} bytes", most_meta));
    state_ = state;
    left_ = size;
    padding_ = tar_padding(size);
    meta_.clear();
    is_entry_ = false;
    if (left_ == 0) return end_content();
    return {};
}

Expected<void> TarReader::begin_entry(std::string_view block, char type, std::uint64_t size) {
    ArchiveEntry entry;
    entry.name = next_name_ ? *std::exchange(next_name_, {}) : name_in(block);
    entry.target =
        next_target_ ? *std::exchange(next_target_, {}) : std::string{text_at(block, target_place)};
    entry.size = next_size_ ? *std::exchange(next_size_, {}) : size;
    const auto mode = parse_number(bytes_at(block, mode_place));
    const auto time = parse_number(bytes_at(block, time_place));
    if (!mode)
        return refuse(
            fmt::format("the tar's entry \"{}\" has no number as its mode", core::repair_utf8(entry.name)));
    entry.mode = static_cast<unsigned>(*mode & 07777);
    // A time before 1970 is no reason to refuse a file.
    entry.modified = static_cast<std::int64_t>(time.value_or(0));
    switch (type) {
        case '\0':
        case '0':
        case '7':
            entry.kind = entry.name.ends_with('/') ? ArchiveEntry::Kind::folder : ArchiveEntry::Kind::file;
            break;
        case '1': entry.kind = ArchiveEntry::Kind::hard_link; break;
        case '2': entry.kind = ArchiveEntry::Kind::symlink; break;
        case '5': entry.kind = ArchiveEntry::Kind::folder; break;
        default:
            return refuse(
                fmt::format("the tar's entry \"{}\" is a device, a pipe or of another kind that is not "
                            "unpacked (type {})",
                            core::repair_utf8(entry.name), core::repair_utf8({&type, 1})));
    }
    if (entry.kind != ArchiveEntry::Kind::file) {
        // Some writers give links the size of what they point at, without its content.
        if (entry.kind != ArchiveEntry::Kind::folder) entry.size = 0;
        if (entry.size > 0) return refuse("the tar has a directory with content");
    }
    left_ = entry.size;
    padding_ = tar_padding(entry.size);
    is_entry_ = true;
    state_ = State::content;
    events_.begin(std::move(entry));
    if (left_ == 0) return end_content();
    return {};
}

Expected<void> TarReader::take_header(std::string_view block) {
    if (std::ranges::all_of(block, [](char byte) { return byte == '\0'; })) {
        if (++zero_blocks_ == 2) state_ = State::done;
        return {};
    }
    zero_blocks_ = 0;
    const auto sum = parse_number(bytes_at(block, sum_place));
    if (!sum || *sum != sum_of(block))
        return refuse(has_begun_ ? "the tar is damaged: a header's checksum is wrong"
                                 : "this is no tar: its first header's checksum is wrong");
    has_begun_ = true;
    const auto size = parse_number(bytes_at(block, size_place));
    if (!size) return refuse("the tar has an entry whose size is no number");
    switch (const char type = block[type_place.at]) {
        case 'L': return begin_meta(State::long_name, *size);
        case 'K': return begin_meta(State::long_target, *size);
        case 'x': return begin_meta(State::pax, *size);
        case 'g': return begin_meta(State::global_pax, *size);
        default: return begin_entry(block, type, *size);
    }
}

Expected<void> TarReader::take_pax() {
    std::string_view rest = meta_;
    while (!rest.empty()) {
        const auto space = rest.find(' ');
        const auto length = core::parse_unsigned(rest.substr(0, space));
        if (space == rest.npos || !length || *length <= space + 1 || *length > rest.size() ||
            rest[*length - 1] != '\n')
            return refuse("the tar has a malformed pax header");
        const auto record = rest.substr(space + 1, *length - space - 2);
        const auto equals = record.find('=');
        if (equals == record.npos) return refuse("the tar has a malformed pax header");
        const auto key = record.substr(0, equals);
        const std::string value{record.substr(equals + 1)};
        if (key == "path") next_name_ = value;
        if (key == "linkpath") next_target_ = value;
        if (key.starts_with("GNU.sparse")) return refuse("the tar has a sparse file, which is not unpacked");
        if (key == "size") {
            const auto size = core::parse_unsigned(value);
            if (!size || *size > largest_size) return refuse("the tar has a malformed pax header");
            next_size_ = *size;
        }
        rest.remove_prefix(static_cast<std::size_t>(*length));
    }
    return {};
}

Expected<void> TarReader::end_content() {
    if (is_entry_) {
        events_.end();
    } else if (state_ == State::pax) {
        if (auto taken = take_pax(); !taken) return taken;
    } else if (state_ == State::long_name || state_ == State::long_target) {
        auto text = meta_.substr(0, meta_.find('\0'));
        (state_ == State::long_name ? next_name_ : next_target_) = std::move(text);
    }
    left_ = padding_;
    state_ = padding_ > 0 ? State::padding : State::header;
    return {};
}

Expected<void> TarReader::push(std::string_view bytes) {
    while (!bytes.empty() && state_ != State::done) {
        if (state_ == State::header) {
            const auto wanted = std::min(tar_block - waiting_.size(), bytes.size());
            waiting_ += bytes.substr(0, wanted);
            bytes.remove_prefix(wanted);
            if (waiting_.size() < tar_block) return {};
            const auto block = std::exchange(waiting_, {});
            if (auto taken = take_header(block); !taken) return taken;
            continue;
        }
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
        const auto piece = bytes.substr(0, count);
        bytes.remove_prefix(count);
        left_ -= count;
        if (state_ == State::content)
            events_.data(piece);
        else if (state_ != State::padding)
            meta_ += piece;
        if (left_ > 0) continue;
        if (state_ == State::padding)
            state_ = State::header;
        else if (auto ended = end_content(); !ended)
            return ended;
    }
    return {};
}

Expected<void> TarReader::finish() const {
    // Some writers leave the last blocks out.
    if (state_ == State::done || (state_ == State::header && waiting_.empty() && has_begun_)) return {};
    return refuse(has_begun_ ? "the tar ends in the middle" : "there is no tar in the body");
}

}  // namespace carrel::desk::archive
