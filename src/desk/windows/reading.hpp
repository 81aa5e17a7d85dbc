// What windows tell of themselves, asked from the display.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "desk/windows/facts.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::windows {

using async::Task;
using Numbers = std::vector<std::uint32_t>;

/// Null when the window is gone.
Task<x11::Answer<xcb_get_property_reply_t>> find_property(x11::Connection& connection, xcb_window_t window,
                                                          xcb_atom_t property, xcb_atom_t type);
/// None when the window is gone or has no such property.
Task<Numbers> read_numbers(x11::Connection& connection, xcb_window_t window, xcb_atom_t property,
                           xcb_atom_t type);
/// The window that a property names.
Task<std::optional<xcb_window_t>> find_window_property(x11::Connection& connection, xcb_window_t window,
                                                       xcb_atom_t property);

/// All windows of `ids` that are there, asked at once. `atoms` must outlive the call.
Task<std::vector<Window>> describe(x11::Connection& connection, const HintAtoms& atoms, Numbers ids,
                                   xcb_window_t active);
/// The id of the window that has the keyboard, by a manager with that check window; 0: none has it.
/// `atoms` must outlive the call.
Task<xcb_window_t> find_active_id(x11::Connection& connection, const HintAtoms& atoms, xcb_window_t manager);

}  // namespace carrel::desk::windows
