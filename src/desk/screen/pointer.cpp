#include "desk/screen/pointer.hpp"

#include <xcb/xfixes.h>
#include <xcb/xinput.h>

#include "core/error.hpp"

namespace carrel::desk::screen {

namespace {

/// xcb_input_xi_select_events takes its masks as one block.
struct Masks {
    xcb_input_event_mask_t head;
    std::uint32_t mask;
};

}  // namespace

Pointer::Pointer(x11::Connection& connection, std::function<void()> moved)
    : connection_{connection}, moved_{std::move(moved)} {
    auto* raw = connection.raw();
    const auto* input = xcb_get_extension_data(raw, &xcb_input_id);
    const auto* shapes = xcb_get_extension_data(raw, &xcb_xfixes_id);
    if (!input || !input->present || !shapes || !shapes->present)
        throw core::Error{core::Code::unavailable, "the display has no XInput or no XFIXES extension"};
    // Events of other clients' windows are only given to who speaks at least 2.1.
    const x11::Answer<xcb_input_xi_query_version_reply_t> version{
        xcb_input_xi_query_version_reply(raw, xcb_input_xi_query_version(raw, 2, 1), nullptr)};
    if (!version) throw x11::display_is_gone();
    input_extension_ = input->major_opcode;
    shape_event_ = shapes->first_event + XCB_XFIXES_CURSOR_NOTIFY;
    connection.on_event([this](const auto& event) { note(event); });
}

void Pointer::select(bool is_on) {
    const Masks masks{{XCB_INPUT_DEVICE_ALL_MASTER, 1},
                      is_on ? std::uint32_t{XCB_INPUT_XI_EVENT_MASK_RAW_MOTION} : 0};
    xcb_input_xi_select_events(connection_.raw(), connection_.root(), 1, &masks.head);
    xcb_xfixes_select_cursor_input(connection_.raw(), connection_.root(),
                                   is_on ? XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR : 0);
}

void Pointer::note(const xcb_generic_event_t& event) const {
    const auto type = x11::type_of(event);
    const auto& generic = reinterpret_cast<const xcb_ge_generic_event_t&>(event);
    const bool is_move = type == XCB_GE_GENERIC && generic.extension == input_extension_ &&
                         generic.event_type == XCB_INPUT_RAW_MOTION;
    if (is_move || type == shape_event_) moved_();
}

}  // namespace carrel::desk::screen
