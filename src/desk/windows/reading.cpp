#include "desk/windows/reading.hpp"

#include <array>
#include <cstring>

#include "core/text.hpp"
#include "desk/x11/pending.hpp"

namespace carrel::desk::windows {

namespace {

/// In units of four bytes, as the protocol counts: titles are cut there.
constexpr std::uint32_t longest_property = 1024;
constexpr auto reading = "reading a property";

using Property = xcb_get_property_reply_t;

std::string text_of(const Property* reply) {
    if (!reply || reply->format != 8) return {};
    return {static_cast<const char*>(xcb_get_property_value(reply)),
            static_cast<std::size_t>(xcb_get_property_value_length(reply))};
}

Numbers numbers_of(const Property* reply) {
    if (!reply || reply->format != 32) return {};
    const auto* first = static_cast<const std::uint32_t*>(xcb_get_property_value(reply));
    return {first, first + xcb_get_property_value_length(reply) / 4};
}

/// All that is asked about one window, at once.
struct Questions {
    Questions(x11::Connection& connection, xcb_window_t window, const HintAtoms& atoms)
        : title{ask(connection, window, atoms[Hint::wm_name])},
          old_title{ask(connection, window, XCB_ATOM_WM_NAME)},
          wm_class{ask(connection, window, XCB_ATOM_WM_CLASS)},
          pid{ask(connection, window, atoms[Hint::wm_pid])},
          states{ask(connection, window, atoms[Hint::state])},
          types{ask(connection, window, atoms[Hint::type])},
          extents{ask(connection, window, atoms[Hint::frame_extents])},
          size{connection, xcb_get_geometry(connection.raw(), window).sequence},
          place{connection,
                xcb_translate_coordinates(connection.raw(), window, connection.root(), 0, 0).sequence} {}

    static x11::Pending<Property> ask(x11::Connection& connection, xcb_window_t window, xcb_atom_t property) {
        return {connection, xcb_get_property(connection.raw(), 0, window, property, XCB_GET_PROPERTY_TYPE_ANY,
                                             0, longest_property)
                                .sequence};
    }

    x11::Pending<Property> title, old_title, wm_class, pid, states, types, extents;
    x11::Pending<xcb_get_geometry_reply_t> size;
    x11::Pending<xcb_translate_coordinates_reply_t> place;
};

/// Nothing when the window is gone.
Task<std::optional<Window>> read_answers(Questions& questions, Window window, const HintAtoms& atoms) {
    auto title = text_of((co_await questions.title.take(reading)).get());
    const auto old_title = text_of((co_await questions.old_title.take(reading)).get());
    window.title = core::repair_utf8(title.empty() ? old_title : title);
    window.class_name = class_of(text_of((co_await questions.wm_class.take(reading)).get()));
    const auto pid = numbers_of((co_await questions.pid.take(reading)).get());
    if (!pid.empty()) window.pid = pid[0];
    note_states(window, numbers_of((co_await questions.states.take(reading)).get()), atoms);
    window.type = type_of(numbers_of((co_await questions.types.take(reading)).get()), atoms);
    const auto extents = numbers_of((co_await questions.extents.take(reading)).get());
    const auto size = co_await questions.size.take("asking for a window's size");
    const auto place = co_await questions.place.take("asking for a window's place");
    if (!size || !place) co_return std::nullopt;
    window.area = with_frame({place->dst_x, place->dst_y, size->width, size->height}, extents);
    co_return window;
}

}  // namespace

Task<x11::Answer<xcb_get_property_reply_t>> find_property(x11::Connection& connection, xcb_window_t window,
                                                          xcb_atom_t property, xcb_atom_t type) {
    const auto cookie = xcb_get_property(connection.raw(), 0, window, property, type, 0, longest_property);
    x11::Pending<Property> asked{connection, cookie.sequence};
    co_return co_await asked.take(reading);
}

Task<Numbers> read_numbers(x11::Connection& connection, xcb_window_t window, xcb_atom_t property,
                           xcb_atom_t type) {
    co_return numbers_of((co_await find_property(connection, window, property, type)).get());
}

Task<std::optional<xcb_window_t>> find_window_property(x11::Connection& connection, xcb_window_t window,
                                                       xcb_atom_t property) {
    const auto ids = co_await read_numbers(connection, window, property, XCB_ATOM_WINDOW);
    if (ids.empty()) co_return std::nullopt;
    co_return ids[0];
}

Task<std::vector<Window>> describe(x11::Connection& connection, const HintAtoms& atoms, Numbers ids,
                                   xcb_window_t active) {
    std::vector<Questions> questions;
    questions.reserve(ids.size());
    for (const auto id : ids) questions.emplace_back(connection, id, atoms);
    std::vector<Window> windows;
    windows.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        Window window;
        window.id = ids[i];
        window.is_active = ids[i] == active;
        if (auto known = co_await read_answers(questions[i], std::move(window), atoms))
            windows.push_back(std::move(*known));
    }
    co_return windows;
}

Task<xcb_window_t> find_active_id(x11::Connection& connection, const HintAtoms& atoms, xcb_window_t manager) {
    auto named = Questions::ask(connection, connection.root(), atoms[Hint::active_window]);
    x11::Pending<xcb_get_input_focus_reply_t> asked_focus{connection,
                                                          xcb_get_input_focus(connection.raw()).sequence};
    const auto ids = numbers_of((co_await named.take(reading)).get());
    const auto focus = co_await asked_focus.take("asking which window has the keyboard");
    if (ids.empty() || !focus) co_return XCB_NONE;
    co_return active_of(ids[0], focus->focus, manager);
}

}  // namespace carrel::desk::windows
