// Who reads the keyboard: what it takes to type into it without a mistake.
#pragma once

#include <string_view>

#include "desk/x11/connection.hpp"

namespace carrel::desk::input {

using async::Task;

struct Reader {
    xcb_window_t window = XCB_NONE;  ///< none has the keyboard
    bool answers_pings = false;      ///< _NET_WM_PING: it can be seen to have read what was sent
    bool is_terminal = false;        ///< takes Shift+Insert for a paste of the PRIMARY selection
};

/// By WM_CLASS, "instance\0class\0": terminals have much in common, but not their names. Pure.
bool is_terminal_class(std::string_view both);

class Readers {
public:
    /// Blocks: runs on the pool. `connection` must outlive it.
    explicit Readers(x11::Connection& connection);

    /// Of the window that has the keyboard; XCB_NONE: none has it.
    Task<Reader> describe(xcb_window_t active);

private:
    Task<x11::Answer<xcb_get_property_reply_t>> read(unsigned sequence);

    struct Atoms {
        xcb_atom_t protocols, ping;
    };
    x11::Connection& connection_;
    Atoms atoms_{};
};

}  // namespace carrel::desk::input
