// The selections CLIPBOARD and PRIMARY, both ways (ICCCM, section 2): what programs have copied is read, and
// what clients put there is given to programs that paste; large things piece by piece (INCR).
#pragma once

#include <array>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "async/turns.hpp"
#include "desk/clipboard/selection.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::clipboard {

using async::Task;

class Clipboard {
public:
    /// Blocks: runs on the pool. `connection` must outlive it.
    Clipboard(async::Executor executor, x11::Connection& connection);
    Clipboard(const Clipboard&) = delete;
    Clipboard& operator=(const Clipboard&) = delete;

    struct Found {
        std::vector<std::string> types;  ///< media types that its owner offers
        Copied content;                  ///< of what was asked for, what there is
    };
    struct Wanted {
        bool text = true;
        bool image = false;
    };
    /// Throws Error{timeout} when the program that owns it does not give it, and Error{exhausted} when it is
    /// more than largest_copied.
    Task<Found> look(Selection selection, Wanted wanted);
    /// Owns the selection from now on, until another program copies something. Of `content` at least one.
    Task<> put(Selection selection, Copied content);

    /// The text of CLIPBOARD; empty when there is none.
    Task<std::string> read();
    Task<> write(std::string text);
    /// What another program has copied becomes ours, text and picture; an empty text when it was neither.
    Task<> take_over();

private:
    struct Atoms {
        xcb_atom_t clipboard, utf8, targets, timestamp, incremental, text, plain_utf8, plain, png, stamp;
    };
    /// What we give.
    struct Own {
        std::shared_ptr<const std::string> text, latin1, image;
        xcb_timestamp_t since = XCB_CURRENT_TIME;
    };
    /// A window into which somebody may still write what was asked for and is not wanted any more.
    struct Abandoned {
        xcb_window_t window;
        bool is_emptied = false;
    };
    /// Something large on its way to a program.
    struct Delivery {
        xcb_window_t to;
        xcb_atom_t property;
        xcb_atom_t type;
        std::shared_ptr<const std::string> bytes;
        std::size_t place = 0;
    };

    void note(const xcb_generic_event_t& event);
    void note_property(const xcb_property_notify_event_t& change);
    xcb_atom_t atom_of(Selection selection) const;
    std::optional<Own>& own_of(Selection selection) { return own_[static_cast<std::size_t>(selection)]; }
    Task<xcb_timestamp_t> server_time();
    Task<xcb_window_t> find_owner(Selection selection);

    // clipboard_giving.cpp
    void give(const xcb_selection_request_event_t& request);
    bool give_to(const xcb_selection_request_event_t& request, xcb_atom_t property);
    bool deliver(const xcb_selection_request_event_t& request, xcb_atom_t property, xcb_atom_t type,
                 const std::shared_ptr<const std::string>& bytes);
    void continue_delivery(xcb_window_t to, xcb_atom_t property);
    void give_targets(const Own& own, xcb_window_t to, xcb_atom_t property) const;

    // clipboard_taking.cpp
    using Deadline = std::chrono::steady_clock::time_point;
    class Taking;
    xcb_window_t make_window() const;
    void abandon_taker();
    void empty_abandoned(const xcb_property_notify_event_t& change);
    Task<Found> ask_owner(Selection selection, Wanted wanted);
    Task<std::vector<std::string>> ask_targets(Selection selection, Deadline end);
    Task<std::optional<std::string>> convert(Selection selection, std::string_view target, Deadline end);
    Task<std::string> read_pieces(Deadline end);
    Task<> pass_pieces_over(Deadline end);
    Task<> drop_pieces(Deadline end);
    Task<x11::Answer<xcb_get_property_reply_t>> take_property();
    Task<xcb_atom_t> atom_named(std::string_view name);
    Task<> wait_until(const bool& flag, Deadline end);

    x11::Connection& connection_;
    Atoms atoms_{};
    std::array<xcb_atom_t, 4> transfers_{};  ///< properties, in turn: a late answer is not taken for the next
    xcb_window_t window_ = 0;                ///< owns what we give
    xcb_window_t taker_ = 0;                 ///< what we take is put there
    std::deque<Abandoned> abandoned_;
    async::Turns turns_;
    async::Gate changed_;
    std::array<std::optional<Own>, 2> own_;  ///< nothing: somebody else owns that selection
    std::list<Delivery> deliveries_;
    xcb_timestamp_t now_ = XCB_CURRENT_TIME;  ///< of the latest event of our window
    std::size_t asked_ = 0;                   ///< which of transfers_
    xcb_timestamp_t asked_at_ = XCB_CURRENT_TIME;
    xcb_atom_t asked_target_ = XCB_NONE;
    bool is_converted_ = false;
    bool is_refused_ = false;
    bool has_piece_ = false;
};

}  // namespace carrel::desk::clipboard
