// The clipboard's side that takes: what another program has copied is asked from it; large things come piece
// by piece (INCR).
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/gate.hpp"
#include "async/turns.hpp"
#include "desk/clipboard/selections.hpp"

namespace carrel::desk::clipboard {

class Taker {
public:
    /// Both must outlive it.
    Taker(async::Executor executor, x11::Connection& connection, Selections& selections);
    Taker(const Taker&) = delete;
    Taker& operator=(const Taker&) = delete;

    /// What the selection's owner gives; nothing when it has none. One at a time. Throws Error{timeout} when
    /// the owner does not give it, and Error{exhausted} when it is more than largest_copied.
    Task<Found> take(Selection selection, Wanted wanted);

private:
    using Deadline = std::chrono::steady_clock::time_point;
    class Taking;
    /// A window into which somebody may still write what was asked for and is not wanted any more.
    struct Abandoned {
        xcb_window_t window;
        bool is_emptied = false;
    };

    void note(const xcb_generic_event_t& event);
    void note_answer(const xcb_selection_notify_event_t& answer);
    void note_property(const xcb_property_notify_event_t& change);
    xcb_atom_t transfer() const { return atoms_.transfers[asked_]; }
    void abandon_window();
    void empty_abandoned(const xcb_property_notify_event_t& change);
    Task<std::vector<std::string>> ask_targets(Selection selection, Deadline end);
    Task<std::optional<std::string>> convert(Selection selection, std::string_view target, Deadline end);
    Task<std::string> read_pieces(Deadline end);
    Task<> pass_pieces_over(Deadline end);
    Task<> drop_pieces(Deadline end);
    Task<x11::Answer<xcb_get_property_reply_t>> take_property();
    Task<xcb_atom_t> atom_named(std::string_view name);
    Task<> wait_until(const bool& flag, Deadline end);

    x11::Connection& connection_;
    Selections& selections_;
    const Selections::Atoms& atoms_;
    xcb_window_t window_ = 0;  ///< what we take is put there
    std::deque<Abandoned> abandoned_;
    async::Turns turns_;
    async::Gate changed_;
    std::size_t asked_ = 0;  ///< which of the transfers
    xcb_timestamp_t asked_at_ = XCB_CURRENT_TIME;
    xcb_atom_t asked_target_ = XCB_NONE;
    bool is_converted_ = false;
    bool is_refused_ = false;
    bool has_piece_ = false;
};

}  // namespace carrel::desk::clipboard
