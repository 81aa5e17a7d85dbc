#include "desk/archive/tar_records.hpp"

#include <algorithm>
#include <charconv>

#include "core/bytes.hpp"
#include "core/text.hpp"

namespace carrel::desk::archive {

using core::Expected;
using core::refuse;

namespace {

constexpr std::int64_t latest_time = std::int64_t{1} << 48;

bool is_binary(std::string_view field) {
    return !field.empty() && (static_cast<unsigned char>(field[0]) & 0x80) != 0;
}

std::optional<std::uint64_t> parse_octal(std::string_view text) {
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number, 8);
    if (error != std::errc{} || rest != text.data() + text.size() || number > largest_tar_size)
        return std::nullopt;
    return number;
}

Expected<void> refuse_pax() { return refuse("the tar has a malformed pax header"); }

Expected<void> take_size(std::string_view value, std::optional<std::uint64_t>& into) {
    const auto size = core::parse_unsigned(value);
    if (!size || *size > largest_tar_size) return refuse_pax();
    into = *size;
    return {};
}

}  // namespace

std::optional<TarTime> parse_pax_time(std::string_view text) {
    const bool is_before = text.starts_with('-');
    if (is_before) text.remove_prefix(1);
    const auto point = text.find('.');
    const auto whole = core::parse_unsigned(text.substr(0, point));
    if (!whole || *whole > static_cast<std::uint64_t>(latest_time)) return std::nullopt;
    TarTime time{static_cast<std::int64_t>(*whole), 0};
    std::string digits{point == text.npos ? "" : text.substr(point + 1)};
    if (digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
    digits.resize(9, '0');
    time.nanoseconds = static_cast<std::uint32_t>(*core::parse_unsigned(digits));
    if (!is_before) return time;
    if (time.nanoseconds == 0) return TarTime{-time.seconds, 0};
    return TarTime{-time.seconds - 1, 1'000'000'000 - time.nanoseconds};
}

std::optional<std::uint64_t> parse_tar_number(std::string_view field) {
    if (is_binary(field)) {
        std::uint64_t number = static_cast<unsigned char>(field[0]) & 0x7f;
        for (const char byte : field.substr(1)) {
            if (number > largest_tar_size >> 8) return std::nullopt;
            number = number << 8 | static_cast<unsigned char>(byte);
        }
        return number;
    }
    const auto text = core::trim(field.substr(0, field.find('\0')));
    return text.empty() ? 0 : parse_octal(text);
}

std::int64_t parse_tar_time(std::string_view field) {
    // Binary and negative: the bytes in front hold nothing but the sign.
    if (field.size() > 8 && field.starts_with('\xff')) {
        const auto high = field.substr(0, field.size() - 8);
        const auto low = static_cast<std::int64_t>(core::big_endian(field, high.size(), 8));
        const bool fits = std::ranges::all_of(high, [](char byte) { return byte == '\xff'; });
        return fits && low < 0 && low >= -latest_time ? low : 0;
    }
    auto text = core::trim(field.substr(0, field.find('\0')));
    const bool is_before = !is_binary(field) && text.starts_with('-');
    if (is_before) text.remove_prefix(1);
    const auto number = is_before ? parse_octal(text) : parse_tar_number(field);
    if (!number || *number > static_cast<std::uint64_t>(latest_time)) return 0;
    const auto seconds = static_cast<std::int64_t>(*number);
    return is_before ? -seconds : seconds;
}

Expected<void> TarRecords::take_sparse(std::string_view key, std::string_view value) {
    if (key == "name") {
        sparse_name = value;
    } else if (key == "size" || key == "realsize") {
        return take_size(value, sparse_size);
    } else if (key == "map") {
        auto map = parse_map(value);
        if (!map) return std::unexpected{map.error()};
        sparse_map = std::move(*map);
    } else if (key == "offset") {
        return take_size(value, sparse_at);
    } else if (key == "numbytes") {
        std::optional<std::uint64_t> count;
        if (auto taken = take_size(value, count); !taken) return taken;
        if (!sparse_at || sparse_map.size() == most_sparse_parts) return refuse_pax();
        sparse_map.push_back({*sparse_at, *count});
        sparse_at.reset();
    } else if (key == "major") {
        if (value != "0" && value != "1")
            return refuse("the tar has a sparse file of a newer kind, which is not unpacked");
        has_sparse_text = value == "1";
    }
    return {};
}

Expected<void> TarRecords::take(std::string_view key, std::string_view value) {
    constexpr std::string_view sparse = "GNU.sparse.";
    if (key.starts_with(sparse)) return take_sparse(key.substr(sparse.size()), value);
    if (key == "path") name = value;
    if (key == "linkpath") target = value;
    if (key == "size") return take_size(value, size);
    if (key == "mtime") {
        modified = parse_pax_time(value);
        if (!modified) return refuse_pax();
    }
    return {};
}

Expected<void> TarRecords::take_pax(std::string_view text) {
    while (!text.empty()) {
        const auto space = text.find(' ');
        const auto length = core::parse_unsigned(text.substr(0, space));
        if (space == text.npos || !length || *length <= space + 1 || *length > text.size() ||
            text[*length - 1] != '\n')
            return refuse_pax();
        const auto record = text.substr(space + 1, *length - space - 2);
        const auto equals = record.find('=');
        if (equals == record.npos) return refuse_pax();
        if (auto taken = take(record.substr(0, equals), record.substr(equals + 1)); !taken) return taken;
        text.remove_prefix(static_cast<std::size_t>(*length));
    }
    return {};
}

}  // namespace carrel::desk::archive
