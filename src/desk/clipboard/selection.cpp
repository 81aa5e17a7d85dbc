#include "desk/clipboard/selection.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace carrel::desk::clipboard {

namespace {

constexpr std::string_view latin1_target = "STRING";
/// The best first.
constexpr std::array<std::string_view, 5> text_targets{
    "UTF8_STRING", "text/plain;charset=utf-8", "text/plain;charset=UTF-8", "text/plain", latin1_target};

constexpr std::string_view png_signature{"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16};

}  // namespace

std::string to_latin1(std::string_view utf8) {
    std::string bytes;
    bytes.reserve(utf8.size());
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        if (byte < 0x80) {
            bytes += static_cast<char>(byte);
        } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < utf8.size()) {
            const auto next = static_cast<unsigned char>(utf8[++i]);
            bytes += static_cast<char>((byte & 0x03) << 6 | (next & 0x3f));
        } else if (byte >= 0xc0) {
            bytes += '?';  // its further bytes begin with 10 and are left out
        }
    }
    return bytes;
}

std::string from_latin1(std::string_view bytes) {
    std::string utf8;
    utf8.reserve(bytes.size());
    for (const char each : bytes) {
        const auto byte = static_cast<unsigned char>(each);
        if (byte >= 0x80) utf8 += static_cast<char>(0xc0 | byte >> 6);
        utf8 += static_cast<char>(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte);
    }
    return utf8;
}

std::optional<std::string_view> text_target(const std::vector<std::string>& offered) {
    for (const auto target : text_targets)
        if (std::ranges::find(offered, target) != offered.end()) return target;
    return std::nullopt;
}

std::string text_from(std::string_view target, std::string_view bytes) {
    if (bytes.ends_with('\0')) bytes.remove_suffix(1);
    return target == latin1_target ? from_latin1(bytes) : core::repair_utf8(bytes);
}

std::vector<std::string> media_types(const std::vector<std::string>& offered) {
    std::vector<std::string> types;
    const auto add = [&](std::string type) {
        if (std::ranges::find(types, type) == types.end()) types.push_back(std::move(type));
    };
    if (text_target(offered)) add("text/plain");
    for (const auto& target : offered)
        if (target.contains('/')) add(target.substr(0, target.find(';')));
    return types;
}

bool is_png(std::string_view bytes) { return bytes.starts_with(png_signature); }

}  // namespace carrel::desk::clipboard
