#include "store/pictures.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/text.hpp"

namespace carrel::store {

namespace {

/// Its first quote may belong to a key's end or be escaped: what is taken out is put back all the same, so
/// that need not be known.
constexpr std::string_view before_data = R"("data":")";
/// Less is not worth a file.
constexpr std::size_t least_base64 = 1024;

/// One grey pixel as a PNG.
constexpr std::string_view lost_picture =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==";

struct Signature {
    std::string_view start;
    std::string_view media_type;
};
using namespace std::string_view_literals;
constexpr std::array signatures{Signature{"\x89PNG\r\n\x1a\n"sv, "image/png"},
                                Signature{"\xff\xd8\xff"sv, "image/jpeg"}, Signature{"GIF8"sv, "image/gif"}};

std::string_view media_type_of(std::string_view bytes) {
    for (const auto& [start, media_type] : signatures)
        if (bytes.starts_with(start)) return media_type;
    if (bytes.starts_with("RIFF"sv) && bytes.substr(0, 12).ends_with("WEBP"sv)) return "image/webp";
    return {};
}

/// The picture that `base64` is, if it is one and nothing else.
std::optional<TakenPicture> parse_picture(std::string_view base64, std::size_t place) {
    if (base64.size() < least_base64) return std::nullopt;
    auto bytes = core::parse_base64(base64);
    if (!bytes) return std::nullopt;
    const auto media_type = media_type_of(*bytes);
    if (media_type.empty() || core::to_base64(*bytes) != base64) return std::nullopt;
    return TakenPicture{place, std::move(*bytes), media_type};
}

/// The pixel is a PNG, whatever the picture was: models refuse one that is of another type than it says.
void append_lost_picture(std::string& text) {
    constexpr std::string_view named = R"("media_type":"image/)";
    const auto start = text.rfind(named);
    const auto type = start == text.npos ? text.npos : start + named.size();
    const auto end = type == text.npos ? text.npos : text.find('"', type);
    if (end != text.npos && std::string_view{text}.substr(end) == R"(",)" + std::string{before_data})
        text.replace(type, end - type, "png");
    text += lost_picture;
}

}  // namespace

Parted part_pictures(std::string_view raw) {
    Parted parted;
    std::size_t kept = 0;  // up to here it is in parted.text
    std::size_t from = 0;
    for (auto found = raw.find(before_data); found != raw.npos; found = raw.find(before_data, from)) {
        const auto start = found + before_data.size();
        const auto end = std::min(raw.find('"', start), raw.size());
        from = end;
        auto picture = parse_picture(raw.substr(start, end - start), parted.text.size() + (start - kept));
        if (!picture) continue;
        parted.text += raw.substr(kept, start - kept);
        kept = end;
        parted.pictures.push_back(std::move(*picture));
    }
    parted.text += raw.substr(kept);
    return parted;
}

std::string join_pictures(std::string_view text, const std::vector<StoredPicture>& pictures) {
    std::string joined;
    std::size_t done = 0;
    for (const auto& [place, bytes] : pictures) {
        if (place < done || place > text.size()) continue;
        joined += text.substr(done, place - done);
        done = place;
        if (bytes)
            joined += core::to_base64(*bytes);
        else
            append_lost_picture(joined);
    }
    return joined += text.substr(done);
}

}  // namespace carrel::store
