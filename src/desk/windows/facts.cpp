#include "desk/windows/facts.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace carrel::desk::windows {

namespace {

constexpr std::uint32_t widest_frame = 1000;

struct Type {
    Hint hint;
    std::string_view name;
};
constexpr std::array types_known{
    Type{Hint::type_desktop, "desktop"}, Type{Hint::type_dock, "dock"},
    Type{Hint::type_toolbar, "toolbar"}, Type{Hint::type_menu, "menu"},
    Type{Hint::type_utility, "utility"}, Type{Hint::type_splash, "splash"},
    Type{Hint::type_dialog, "dialog"},   Type{Hint::type_notification, "notification"},
};

/// Left, right, top, bottom.
std::array<int, 4> widths_of(std::span<const std::uint32_t> extents) {
    std::array<int, 4> widths{};
    if (extents.size() != widths.size() ||
        std::ranges::any_of(extents, [](auto width) { return width > widest_frame; }))
        return widths;
    std::ranges::transform(extents, widths.begin(), [](auto width) { return static_cast<int>(width); });
    return widths;
}

}  // namespace

xcb_window_t active_of(xcb_window_t named, xcb_window_t focus, xcb_window_t manager) {
    const bool is_nobodys = manager != XCB_NONE && focus == manager;
    return is_nobodys ? xcb_window_t{XCB_NONE} : named;
}

std::string class_of(std::string_view wm_class) {
    const auto end = wm_class.find('\0');
    if (end == std::string_view::npos) return {};
    wm_class.remove_prefix(end + 1);
    return core::repair_utf8(wm_class.substr(0, wm_class.find('\0')));
}

WindowArea with_frame(WindowArea inner, std::span<const std::uint32_t> extents) {
    const auto [left, right, top, bottom] = widths_of(extents);
    return {inner.x - left, inner.y - top, inner.width + left + right, inner.height + top + bottom};
}

WindowArea without_frame(WindowArea outer, std::span<const std::uint32_t> extents) {
    const auto [left, right, top, bottom] = widths_of(extents);
    return {outer.x + left, outer.y + top, std::max(1, outer.width - left - right),
            std::max(1, outer.height - top - bottom)};
}

void note_states(Window& window, std::span<const std::uint32_t> states, const HintAtoms& atoms) {
    const auto has = [&](Hint hint) { return std::ranges::find(states, atoms[hint]) != states.end(); };
    window.is_minimized = has(Hint::hidden);
    window.is_maximized = has(Hint::maximized_width) && has(Hint::maximized_height);
    window.is_fullscreen = has(Hint::fullscreen);
}

std::string_view type_of(std::span<const std::uint32_t> types, const HintAtoms& atoms) {
    for (const auto type : types)
        for (const auto& known : types_known)
            if (type == atoms[known.hint]) return known.name;
    return "normal";
}

}  // namespace carrel::desk::windows
