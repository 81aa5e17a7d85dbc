// The CLIPBOARD selection as text (ICCCM, section 2).
#pragma once

#include <optional>
#include <string>

#include "async/gate.hpp"
#include "desk/connection.hpp"
#include "desk/turns.hpp"

namespace carrel::desk {

class Clipboard {
public:
    /// Blocks: runs on the pool. `connection` must outlive it.
    Clipboard(async::Executor executor, Connection& connection);
    Clipboard(const Clipboard&) = delete;
    Clipboard& operator=(const Clipboard&) = delete;

    /// The text that would be pasted, at most 4 MiB, as well-formed UTF-8; empty when there is none or
    /// it is no text. Throws Error{timeout} when the program that owns it does not give it.
    Task<std::string> read();
    /// Owns the selection from now on, until another program copies something.
    Task<> write(std::string text);

private:
    struct Atoms {
        xcb_atom_t clipboard, utf8, targets, incremental, text, plain, transfer;
    };
    void note(const xcb_generic_event_t& event);
    void give(const xcb_selection_request_event_t& request);
    Task<std::string> convert();
    Task<std::string> read_pieces();
    Task<Answer<xcb_get_property_reply_t>> take_property();
    Task<> wait_until(const bool& flag);

    Connection& connection_;
    Atoms atoms_{};
    xcb_window_t window_ = 0;
    Turns turns_;
    async::Gate changed_;
    std::optional<std::string> own_;  ///< what we give; nothing: somebody else owns the selection
    bool is_converted_ = false;
    bool is_refused_ = false;
    bool has_piece_ = false;
};

}  // namespace carrel::desk
