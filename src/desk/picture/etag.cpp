#include "desk/picture/etag.hpp"

#include <fmt/format.h>

#include "core/text.hpp"
#include "desk/picture/frame.hpp"

namespace carrel::desk::picture {

namespace {

constexpr std::size_t frame_digits = 16;

/// Everything about a picture but what it shows.
std::string manner(const Shot& shot, bool is_json) {
    const auto& part = shot.region;
    return fmt::format("-{}.{}.{}x{}.{}.{}.{}.{}.{}{}", static_cast<int>(shot.format), shot.quality,
                       shot.size.width, shot.size.height, part.x0, part.y0, part.x1, part.y1,
                       shot.has_cursor ? 'p' : 'n', is_json ? "j" : "");
}

}  // namespace

std::string etag_of(std::uint64_t frame, const Shot& shot, bool is_json) {
    return fmt::format("\"{}{}\"", name_of(frame), manner(shot, is_json));
}

std::optional<std::uint64_t> known_frame(std::string_view if_none_match, const Shot& shot, bool is_json) {
    const auto wanted = manner(shot, is_json);
    for (auto tag : core::split(if_none_match, ',')) {
        tag = core::trim(tag);
        // Weak or strong makes no difference here (RFC 9110, 13.1.2).
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        if (tag.size() < frame_digits + 2 || tag.front() != '"' || tag.back() != '"') continue;
        tag = tag.substr(1, tag.size() - 2);
        const auto rest = tag.substr(frame_digits);
        const auto frame = parse_frame(tag.substr(0, frame_digits));
        if (frame && (rest.empty() || rest == wanted)) return frame;
    }
    return std::nullopt;
}

}  // namespace carrel::desk::picture
