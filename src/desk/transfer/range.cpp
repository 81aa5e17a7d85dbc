#include "desk/transfer/range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace carrel::desk::transfer {

RangeVerdict judge_range(std::string_view header, std::uint64_t size) {
    constexpr std::string_view unit = "bytes=";
    header = core::trim(header);
    if (!core::equals_ignoring_case(header.substr(0, unit.size()), unit)) return {};
    const auto wanted = core::trim(header.substr(unit.size()));
    const auto dash = wanted.find('-');
    if (dash == wanted.npos || wanted.contains(',')) return {};
    const auto first = core::parse_unsigned(core::trim(wanted.substr(0, dash)));
    const auto last = core::parse_unsigned(core::trim(wanted.substr(dash + 1)));
    const bool is_suffix = dash == 0;
    if (is_suffix) {
        if (!last) return {};
        if (*last == 0 || size == 0) return {RangeVerdict::Kind::unsatisfiable, {}};
        const auto count = std::min<std::uint64_t>(*last, size);
        return {RangeVerdict::Kind::part, {size - count, count}};
    }
    const bool is_open = dash + 1 == wanted.size();
    if (!first || (!is_open && (!last || *last < *first))) return {};
    if (*first >= size) return {RangeVerdict::Kind::unsatisfiable, {}};
    const auto end = is_open ? size : std::min<std::uint64_t>(*last, size - 1) + 1;
    return {RangeVerdict::Kind::part, {*first, end - *first}};
}

bool is_if_range_met(std::string_view header, std::string_view tag, std::string_view last_modified) {
    header = core::trim(header);
    return header == tag || header == last_modified;
}

std::string content_range(ByteRange range, std::uint64_t size) {
    if (range.size == 0) return fmt::format("bytes */{}", size);
    return fmt::format("bytes {}-{}/{}", range.first, range.first + range.size - 1, size);
}

std::string http_date(std::time_t time) {
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                       months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                       parts.tm_min, parts.tm_sec);
}

}  // namespace carrel::desk::transfer
