#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/text.hpp"
#include "desk/archive/tar.hpp"
#include "desk/archive/tar_layout.hpp"

namespace carrel::desk::archive {

using core::Expected;
using core::refuse;

namespace {

constexpr std::uint64_t most_meta = std::uint64_t{64} << 10;
/// No size of anything real, and no sum of two of them overflows.
constexpr std::uint64_t largest_size = std::uint64_t{1} << 60;

std::string_view bytes_at(std::string_view block, TarPlace place) {
    return block.substr(place.at, place.size);
}
std::string_view text_at(std::string_view block, TarPlace place) {
    const auto bytes = bytes_at(block, place);
    return bytes.substr(0, bytes.find('\0'));
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

}  // namespace

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
    if (!sum || *sum != tar_sum(block))
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
