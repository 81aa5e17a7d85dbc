#include "desk/picture/pictures.hpp"

#include <algorithm>

#include "desk/picture/scale.hpp"
#include "desk/picture/webp.hpp"

namespace carrel::desk::picture {

namespace {

constexpr std::size_t kept_pictures = 4;
constexpr std::size_t kept_frames = 8;
constexpr std::size_t kept_views = 8;
/// A larger picture is not kept.
constexpr std::size_t most_kept_bytes = std::size_t{4} << 20;

template <class T>
void keep(std::vector<T>& list, std::size_t most, T entry) {
    if (list.size() == most) list.erase(list.begin());
    list.push_back(std::move(entry));
}

/// Where the cursor lies on a screen of that size; empty where it does not.
Region place_of(const Cursor& cursor, Size screen) {
    return {std::max(cursor.x, 0), std::max(cursor.y, 0),
            std::min(cursor.x + cursor.size.width, screen.width),
            std::min(cursor.y + cursor.size.height, screen.height)};
}

}  // namespace

void Pictures::set_pixels(std::span<std::uint32_t> pixels, Size size) {
    pixels_ = pixels;
    size_ = size;
    is_drawn_ = false;
    frames_.clear();
}

void Pictures::set_cursor(Cursor cursor) {
    if (cursor == cursor_) return;
    draw_pointer(false);
    cursor_ = std::move(cursor);
    frames_.clear();
}

/// Draws the pointer, or puts back what was there.
void Pictures::draw_pointer(bool is_wanted) {
    if (is_wanted == is_drawn_) return;
    is_drawn_ = is_wanted;
    const auto place = place_of(cursor_, size_);
    if (place.x1 <= place.x0 || place.y1 <= place.y0) return;
    const std::ptrdiff_t width = place.x1 - place.x0;
    const auto row_at = [&](int y) {
        return pixels_.begin() + static_cast<std::ptrdiff_t>(y) * size_.width + place.x0;
    };
    if (is_wanted) below_.clear();
    auto saved = below_.cbegin();
    for (int y = place.y0; y < place.y1; ++y) {
        if (is_wanted) {
            below_.insert(below_.end(), row_at(y), row_at(y) + width);
        } else {
            std::copy_n(saved, width, row_at(y));
            saved += width;
        }
    }
    if (is_wanted) draw_cursor(pixels_, size_, cursor_);
}

Pixels Pictures::pixels_of(const Shot& shot) {
    draw_pointer(shot.has_cursor);
    return Pixels{pixels_.data(), size_.width, size_}.part(shot.region);
}

Pictures::FramePointer Pictures::find_frame(const Shot& shot) const {
    const View view{shot.region, shot.has_cursor};
    const auto found = std::ranges::find(frames_, view, [](const auto& entry) { return entry.first; });
    return found == frames_.end() ? nullptr : found->second;
}

Pictures::FramePointer Pictures::frame_of(const Shot& shot) {
    if (auto known = find_frame(shot)) return known;
    const auto frame = std::make_shared<const Frame>(describe(pixels_of(shot)));
    keep(frames_, kept_views, {View{shot.region, shot.has_cursor}, frame});
    std::erase_if(past_, [&](const FramePointer& each) { return each->id == frame->id; });
    keep(past_, kept_frames, frame);
    return frame;
}

std::shared_ptr<const Picture> Pictures::find_picture(const Shot& shot, std::uint64_t frame) const {
    const auto found = std::ranges::find_if(
        pictures_, [&](const auto& entry) { return entry.first == shot && entry.second->frame == frame; });
    return found == pictures_.end() ? nullptr : found->second;
}

std::string Pictures::encode(Pixels pixels, const Shot& shot, std::span<const std::uint64_t> bands) {
    switch (shot.format) {
        case Format::png: return png_.encode(pixels, bands);
        case Format::jpeg: return jpeg_.encode(pixels, shot.quality, bands);
        case Format::webp: return to_webp(pixels, std::max(shot.quality, 1), shot.quality == 0);
    }
    return {};
}

std::shared_ptr<const Picture> Pictures::picture_of(const Shot& shot, const Frame& frame) {
    if (auto known = find_picture(shot, frame.id)) return known;
    const auto part = pixels_of(shot);
    std::string bytes;
    if (shot.is_scaled())
        bytes = encode(scale(part, shot.size).pixels(), shot, {});
    else if (part.size == size_)
        bytes = encode(part, shot, frame.bands);
    else
        bytes = encode(part, shot, {});
    auto picture = std::make_shared<const Picture>(
        Picture{std::move(bytes), media_type(shot.format), shot.size, frame.id});
    std::erase_if(pictures_, [&](const auto& entry) { return entry.first == shot; });
    if (picture->bytes.size() <= most_kept_bytes) keep(pictures_, kept_pictures, {shot, picture});
    return picture;
}

std::vector<Shown::Part> Pictures::parts_of(const Shot& shot, const std::vector<Region>& places) {
    const auto pixels = pixels_of(shot);
    std::vector<Shown::Part> parts;
    for (const auto& place : places) parts.push_back({place, encode(pixels.part(place), shot, {})});
    return parts;
}

std::optional<Shown> Pictures::find(const Shot& shot, const Known& known) const {
    const auto frame = find_frame(shot);
    if (!frame) return std::nullopt;
    Shown shown{Shown::Change::unchanged, frame->id, shot.size, nullptr, {}};
    if (known.frame == frame->id) return shown;
    shown.change = Shown::Change::whole;
    shown.picture = find_picture(shot, frame->id);
    if (!shown.picture || known.wants_difference) return std::nullopt;
    return shown;
}

Shown Pictures::show(const Shot& shot, const Known& known) {
    const auto frame = frame_of(shot);
    Shown shown{Shown::Change::unchanged, frame->id, shot.size, nullptr, {}};
    if (known.frame == frame->id) return shown;
    shown.change = Shown::Change::whole;
    shown.picture = picture_of(shot, *frame);
    if (!known.wants_difference || shot.is_scaled()) return shown;
    const auto before =
        std::ranges::find_if(past_, [&](const FramePointer& each) { return each->id == known.frame; });
    if (before == past_.end() || (*before)->size != frame->size) return shown;
    const auto places = differences(**before, *frame);
    if (places.size() == 1 && places[0].size() == shot.size) return shown;
    auto parts = parts_of(shot, places);
    std::size_t bytes = 0;
    for (const auto& part : parts) bytes += part.bytes.size();
    if (bytes >= shown.picture->bytes.size()) return shown;
    shown.change = Shown::Change::rectangles;
    shown.picture.reset();
    shown.parts = std::move(parts);
    return shown;
}

}  // namespace carrel::desk::picture
