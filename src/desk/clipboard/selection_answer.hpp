// How whoever owns a selection answers a program that pastes (ICCCM, section 2.2).
#pragma once

#include <xcb/xcb.h>

namespace carrel::desk::clipboard {

/// `put(property)` puts what is asked for into that property of the requestor, and answers whether it could;
/// then the requestor is told.
template <class Put>
void answer_request(xcb_connection_t* raw, const xcb_selection_request_event_t& request, Put put) {
    xcb_selection_notify_event_t answer{};
    answer.response_type = XCB_SELECTION_NOTIFY;
    answer.time = request.time;
    answer.requestor = request.requestor;
    answer.selection = request.selection;
    answer.target = request.target;
    // Old programs name no property: the target stands for it.
    const auto property = request.property != XCB_NONE ? request.property : request.target;
    answer.property = put(property) ? property : xcb_atom_t{XCB_NONE};
    xcb_send_event(raw, 0, request.requestor, 0, reinterpret_cast<const char*>(&answer));
    xcb_flush(raw);
}

}  // namespace carrel::desk::clipboard
