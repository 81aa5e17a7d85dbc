// What is known of one window, and how the hints of freedesktop.org (EWMH 1.5) and the X conventions
// (ICCCM) say it. Pure.
#pragma once

#include <xcb/xproto.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace carrel::desk::windows {

/// Properties, messages and their values, each by its place in `hint_names`.
enum class Hint : std::size_t {
    supporting_check,
    client_list,
    number_of_desktops,
    nudge,
    active_window,
    wm_name,
    close_window,
    wm_pid,
    protocols,
    ping,
    change_state,
    move_resize,
    frame_extents,
    state,
    hidden,
    maximized_width,
    maximized_height,
    fullscreen,
    type,
    type_desktop,
    type_dock,
    type_toolbar,
    type_menu,
    type_utility,
    type_splash,
    type_dialog,
    type_notification,
    count,
};
inline constexpr std::array<std::string_view, static_cast<std::size_t>(Hint::count)> hint_names{
    "_NET_SUPPORTING_WM_CHECK",
    "_NET_CLIENT_LIST",
    "_NET_NUMBER_OF_DESKTOPS",
    "_CARREL_NUDGE",
    "_NET_ACTIVE_WINDOW",
    "_NET_WM_NAME",
    "_NET_CLOSE_WINDOW",
    "_NET_WM_PID",
    "WM_PROTOCOLS",
    "_NET_WM_PING",
    "WM_CHANGE_STATE",
    "_NET_MOVERESIZE_WINDOW",
    "_NET_FRAME_EXTENTS",
    "_NET_WM_STATE",
    "_NET_WM_STATE_HIDDEN",
    "_NET_WM_STATE_MAXIMIZED_HORZ",
    "_NET_WM_STATE_MAXIMIZED_VERT",
    "_NET_WM_STATE_FULLSCREEN",
    "_NET_WM_WINDOW_TYPE",
    "_NET_WM_WINDOW_TYPE_DESKTOP",
    "_NET_WM_WINDOW_TYPE_DOCK",
    "_NET_WM_WINDOW_TYPE_TOOLBAR",
    "_NET_WM_WINDOW_TYPE_MENU",
    "_NET_WM_WINDOW_TYPE_UTILITY",
    "_NET_WM_WINDOW_TYPE_SPLASH",
    "_NET_WM_WINDOW_TYPE_DIALOG",
    "_NET_WM_WINDOW_TYPE_NOTIFICATION",
};

/// The numbers of the hints on one display.
struct HintAtoms {
    std::array<xcb_atom_t, hint_names.size()> numbers{};
    xcb_atom_t operator[](Hint hint) const { return numbers[static_cast<std::size_t>(hint)]; }
};

/// A rectangle of the screen, in pixels; it may reach beyond the screen.
struct WindowArea {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
    bool operator==(const WindowArea&) const = default;
};

struct Window {
    xcb_window_t id = 0;
    std::string title;       ///< UTF-8, repaired
    std::string class_name;  ///< "Chromium"
    std::optional<std::uint32_t> pid;
    WindowArea area;                   ///< with its frame
    std::string_view type = "normal";  ///< or "dialog", "dock", …
    bool is_active = false;
    bool is_minimized = false;
    bool is_maximized = false;
    bool is_fullscreen = false;
};

/// The window that has the keyboard: `named`, as the root window names it, unless the manager has the
/// keyboard itself, on its check window, because no window is to have it. Openbox leaves the name of a killed
/// window behind, and the X server soon gives the same number to a window of another program, which has no
/// keyboard before the manager gives it.
xcb_window_t active_of(xcb_window_t named, xcb_window_t focus, xcb_window_t manager);

/// The class in a WM_CLASS, which is two texts, each with a zero byte after it: the instance, the class.
std::string class_of(std::string_view wm_class);

/// What a window covers whose inner part is `inner`, with a frame of the widths that _NET_FRAME_EXTENTS
/// tells (left, right, top, bottom); without one, or with an impossible one, the same.
WindowArea with_frame(WindowArea inner, std::span<const std::uint32_t> extents);

/// The inner size of a window that shall cover `outer`; at least one pixel.
WindowArea without_frame(WindowArea outer, std::span<const std::uint32_t> extents);

/// What sizes a program allows its window's inner part (WM_NORMAL_HINTS, ICCCM 4.1.2.3), in pixels.
struct SizeHints {
    int least_width = 1;
    int least_height = 1;
    int most_width = 32767;
    int most_height = 32767;
    int width_step = 1;
    int height_step = 1;
    bool is_fixed() const { return least_width >= most_width && least_height >= most_height; }
};

/// The hints in that property's numbers; what is not given, or makes no sense, is not bounded.
SizeHints size_hints_of(std::span<const std::uint32_t> numbers);

/// Sets the flags of `window` that _NET_WM_STATE tells.
void note_states(Window& window, std::span<const std::uint32_t> states, const HintAtoms& atoms);

/// The first of _NET_WM_WINDOW_TYPE that is known: "dialog"; else "normal".
std::string_view type_of(std::span<const std::uint32_t> types, const HintAtoms& atoms);

}  // namespace carrel::desk::windows
