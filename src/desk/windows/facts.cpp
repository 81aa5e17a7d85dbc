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

SizeHints size_hints_of(std::span<const std::uint32_t> numbers) {
    // Flags, four that nobody reads any more, then pairs of least, most and step.
    constexpr std::uint32_t gives_least = 1u << 4, gives_most = 1u << 5, gives_step = 1u << 6;
    constexpr std::size_t least = 5, most = 7, step = 9;
    SizeHints hints;
    const auto flags = numbers.empty() ? 0 : numbers.front();
    const auto take = [&](std::uint32_t flag, std::size_t place, int& width, int& height) {
        if ((flags & flag) == 0 || numbers.size() < place + 2) return;
        for (auto* side : {&width, &height})
            if (const auto given = numbers[place++]; given > 0 && given < 32767)
                *side = static_cast<int>(given);
    };
    take(gives_least, least, hints.least_width, hints.least_height);
    take(gives_most, most, hints.most_width, hints.most_height);
    take(gives_step, step, hints.width_step, hints.height_step);
    return hints;
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
