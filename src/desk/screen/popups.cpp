#include "desk/screen/popups.hpp"

#include <algorithm>
#include <cstring>
#include <ranges>
#include <utility>

namespace carrel::desk::screen {

namespace {

using namespace std::chrono_literals;

/// Chromium's lists are blank for 30 to 150 ms, on a busy machine for 400. What stays blank longer is meant
/// so.
constexpr auto blank_patience = 1s;
constexpr std::size_t most_popups = 64;
/// A frame around a window is no content.
constexpr int frame = 4;
/// Of larger ones, so much of the middle tells enough.
constexpr int most_side = 256;
constexpr std::size_t most_looked_at = 4;  ///< at a time

struct Span {
    std::int16_t from;
    std::uint16_t length;
};

/// The middle of `length` pixels from `from` on, without the frame, as far as it lies within `end`; of length
/// 0 when nothing does.
Span middle_of(int from, int length, int end) {
    const int visible_from = std::max(from + frame, 0);
    const int visible_end = std::min(from + length - frame, end);
    const int visible = std::max(visible_end - visible_from, 0);
    const int taken = std::min(visible, most_side);
    return {static_cast<std::int16_t>(visible_from + (visible - taken) / 2),
            static_cast<std::uint16_t>(taken)};
}

}  // namespace

bool is_painted(const std::uint8_t* pixels, std::size_t bytes) {
    constexpr std::size_t pixel = 4;
    return bytes > pixel && std::memcmp(pixels, pixels + pixel, bytes - pixel) != 0;
}

Popups::Popups(x11::Connection& connection) : connection_{connection} {
    connection.on_event([this](const auto& event) { note(event); });
}

void Popups::note(const xcb_generic_event_t& event) {
    const auto now = std::chrono::steady_clock::now();
    const auto find = [this](xcb_window_t id) { return std::ranges::find(popups_, id, &Popup::id); };
    switch (x11::type_of(event)) {
        case XCB_MAP_NOTIFY: {
            const auto& map = reinterpret_cast<const xcb_map_notify_event_t&>(event);
            if (!map.override_redirect || map.event != connection_.root()) return;
            Popup popup{map.window, now};
            if (const auto known = find(map.window); known != popups_.end()) {
                // One that comes and goes, blank, is not awaited each time.
                if (!known->is_painted) popup.blank_before = known->blank_before;
                popups_.erase(known);
            }
            if (popups_.size() >= most_popups) popups_.erase(popups_.begin());
            popups_.push_back(popup);
            return;
        }
        case XCB_UNMAP_NOTIFY: {
            const auto known = find(reinterpret_cast<const xcb_unmap_notify_event_t&>(event).window);
            if (known == popups_.end() || !std::exchange(known->is_mapped, false)) return;
            known->blank_before += now - known->mapped;
            return;
        }
        case XCB_DESTROY_NOTIFY: {
            const auto known = find(reinterpret_cast<const xcb_destroy_notify_event_t&>(event).window);
            if (known != popups_.end()) popups_.erase(known);
            return;
        }
        default: return;
    }
}

bool Popups::has_opened(Time since) const {
    return std::ranges::any_of(popups_,
                               [=](const Popup& each) { return each.is_mapped && each.mapped >= since; });
}

bool Popups::is_awaited(const Popup& popup, Time now) const {
    return popup.is_mapped && !popup.is_painted && popup.blank_before + (now - popup.mapped) < blank_patience;
}

bool Popups::is_blank(Time since, Time now) const {
    return std::ranges::any_of(
        popups_, [&](const Popup& each) { return each.mapped >= since && is_awaited(each, now); });
}

Task<> Popups::look() {
    if (std::exchange(is_looking_, true)) co_return;
    struct Leave {
        bool& is_looking;
        ~Leave() { is_looking = false; }
    } leave{is_looking_};
    const auto now = std::chrono::steady_clock::now();
    std::vector<xcb_window_t> blank;
    for (const auto& each : std::views::reverse(popups_))
        if (is_awaited(each, now) && blank.size() < most_looked_at) blank.push_back(each.id);
    for (const auto id : blank) {
        if (!co_await is_painted(id)) continue;
        const auto place = std::ranges::find(popups_, id, &Popup::id);
        if (place != popups_.end()) place->is_painted = true;
    }
}

Task<bool> Popups::is_painted(xcb_window_t id) {
    auto* raw = connection_.raw();
    const auto root = connection_.root();
    try {
        const auto place = co_await connection_.answer<xcb_get_geometry_reply_t>(
            xcb_get_geometry(raw, id).sequence, "measuring a window");
        const auto screen = co_await connection_.answer<xcb_get_geometry_reply_t>(
            xcb_get_geometry(raw, root).sequence, "measuring the screen");
        const auto across = middle_of(place->x, place->width, screen->width);
        const auto down = middle_of(place->y, place->height, screen->height);
        if (across.length == 0 || down.length == 0) co_return true;
        const auto image = co_await connection_.answer<xcb_get_image_reply_t>(
            xcb_get_image(raw, XCB_IMAGE_FORMAT_Z_PIXMAP, root, across.from, down.from, across.length,
                          down.length, ~0U)
                .sequence,
            "looking at a window");
        co_return screen::is_painted(xcb_get_image_data(image.get()),
                                     static_cast<std::size_t>(xcb_get_image_data_length(image.get())));
    } catch (const core::Error&) {
        if (!connection_.is_alive()) throw;
    }
    co_return true;  // it is gone, or the screen has another size
}

}  // namespace carrel::desk::screen
