// A bare X client, for floors.
#pragma once

#include <xcb/xcb.h>

#include <memory>
#include <string>

namespace carrel::bench {

struct Disconnect {
    void operator()(xcb_connection_t* connection) const { xcb_disconnect(connection); }
};
using Display = std::unique_ptr<xcb_connection_t, Disconnect>;

/// Connects to the X server that listens at a Unix socket; throws core::Error.
Display connect_display(const std::string& path);
xcb_window_t root_of(const Display& display);
/// One round trip: everything asked before has happened.
void synchronize(const Display& display);
/// Moves the pointer and clicks the left button, and waits until the server has done it.
void click(const Display& display, std::int16_t x, std::int16_t y);
/// Whether a window manager has announced itself (_NET_SUPPORTING_WM_CHECK).
bool has_window_manager(const Display& display);
/// Asks for the pixels of the whole screen, through the socket.
void grab(const Display& display);

}  // namespace carrel::bench
