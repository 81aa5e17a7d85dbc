#include "desk/archive/zip_fields.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "core/bytes.hpp"
#include "core/text.hpp"

namespace carrel::desk::archive {

namespace {

constexpr auto& field_number = core::little_endian;

constexpr std::uint64_t zip_time_field = 0x5455;
constexpr std::uint64_t old_time_field = 0x5855;
constexpr std::uint64_t ntfs_field = 0x000a;
constexpr std::uint64_t unicode_path_field = 0x7075;

/// Code page 437 from 0x80 on; ftp.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/PC/CP437.TXT.
constexpr std::array<std::string_view, 128> cp437{
    "Ç", "ü", "é", "â", "ä", "à", "å", "ç", "ê", "ë", "è", "ï", "î", "ì",     "Ä", "Å", "É", "æ", "Æ",
    "ô", "ö", "ò", "û", "ù", "ÿ", "Ö", "Ü", "¢", "£", "¥", "₧", "ƒ", "á",     "í", "ó", "ú", "ñ", "Ñ",
    "ª", "º", "¿", "⌐", "¬", "½", "¼", "¡", "«", "»", "░", "▒", "▓", "│",     "┤", "╡", "╢", "╖", "╕",
    "╣", "║", "╗", "╝", "╜", "╛", "┐", "└", "┴", "┬", "├", "─", "┼", "╞",     "╟", "╚", "╔", "╩", "╦",
    "╠", "═", "╬", "╧", "╨", "╤", "╥", "╙", "╘", "╒", "╓", "╫", "╪", "┘",     "┌", "█", "▄", "▌", "▐",
    "▀", "α", "ß", "Γ", "π", "Σ", "σ", "µ", "τ", "Φ", "Θ", "Ω", "δ", "∞",     "φ", "ε", "∩", "≡", "±",
    "≥", "≤", "⌠", "⌡", "÷", "≈", "°", "∙", "·", "√", "ⁿ", "²", "■", "\u00a0"};

std::string from_cp437(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        const auto number = static_cast<unsigned char>(byte);
        if (number < 0x80)
            text += byte;
        else
            text += cp437[number - 0x80];
    }
    return text;
}

std::int64_t signed_seconds(std::string_view field, std::size_t at) {
    return static_cast<std::int32_t>(field_number(field, at, 4));
}

/// 100 ns since 1601, in the first attribute (APPNOTE 4.5.5).
std::optional<ZipTime> ntfs_time(std::string_view field) {
    constexpr std::uint64_t in_second = 10'000'000;
    constexpr std::int64_t between = 11'644'473'600;  // 1601 to 1970
    if (field.size() < 4 + 4 + 8 || field_number(field, 4, 2) != 1) return std::nullopt;
    const auto ticks = field_number(field, 8, 8);
    if (ticks == 0 || ticks >> 63 != 0) return std::nullopt;
    return ZipTime{static_cast<std::int64_t>(ticks / in_second) - between,
                   static_cast<std::uint32_t>(ticks % in_second * 100)};
}

}  // namespace

ZipHost host_of(std::uint64_t number) {
    // MS-DOS, OS/2, Windows by either number, VFAT.
    constexpr std::array<std::uint64_t, 5> dos{0, 6, 10, 11, 14};
    return std::ranges::find(dos, number) != dos.end() ? ZipHost::dos : ZipHost::unix_like;
}

void for_each_field(std::string_view extra,
                    const std::function<void(std::uint64_t id, std::string_view field)>& take) {
    while (extra.size() >= 4) {
        const auto size = static_cast<std::size_t>(field_number(extra, 2, 2));
        if (size > extra.size() - 4) break;
        take(field_number(extra, 0, 2), extra.substr(4, size));
        extra.remove_prefix(4 + size);
    }
}

std::int64_t dos_seconds(std::uint64_t date, std::uint64_t time) {
    std::tm parts{};
    parts.tm_year = static_cast<int>(date >> 9) + 80;
    parts.tm_mon = std::clamp(static_cast<int>(date >> 5 & 15), 1, 12) - 1;
    parts.tm_mday = std::max(static_cast<int>(date & 31), 1);
    parts.tm_hour = std::min(static_cast<int>(time >> 11), 23);
    parts.tm_min = std::min(static_cast<int>(time >> 5 & 63), 59);
    parts.tm_sec = std::min(static_cast<int>(time & 31) * 2, 59);
    return ::timegm(&parts);
}

std::optional<ZipTime> find_zip_time(std::string_view extra) {
    std::optional<ZipTime> exact;
    std::optional<ZipTime> plain;
    std::optional<ZipTime> old;
    for_each_field(extra, [&](std::uint64_t id, std::string_view field) {
        if (id == ntfs_field && !exact) exact = ntfs_time(field);
        if (id == zip_time_field && field.size() >= 5 && (field[0] & 1) != 0)
            plain = ZipTime{signed_seconds(field, 1), 0};
        if (id == old_time_field && field.size() >= 8) old = ZipTime{signed_seconds(field, 4), 0};
    });
    if (exact) return exact;
    return plain ? plain : old;
}

std::string zip_name(std::string_view bytes, bool is_utf8, ZipHost host, std::string_view extra) {
    if (is_utf8) return std::string{bytes};
    std::optional<std::string> told;
    for_each_field(extra, [&](std::uint64_t id, std::string_view field) {
        if (id != unicode_path_field || field.size() < 6 || field[0] != 1) return;
        const auto name = field.substr(5);
        // Of another name, if that was changed by a program that does not know the field.
        const bool is_of_name =
            field_number(field, 1, 4) == ::libdeflate_crc32(0, bytes.data(), bytes.size());
        if (is_of_name && core::is_utf8(name)) told = name;
    });
    if (told) return *told;
    return host == ZipHost::dos && !core::is_utf8(bytes) ? from_cp437(bytes) : std::string{bytes};
}

}  // namespace carrel::desk::archive
