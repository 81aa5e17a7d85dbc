// The clipboard's side that gives: programs paste what we own; large things piece by piece (INCR).
#pragma once

#include <array>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "desk/clipboard/selections.hpp"

namespace carrel::desk::clipboard {

class Giver {
public:
    /// Both must outlive it.
    Giver(x11::Connection& connection, Selections& selections);
    Giver(const Giver&) = delete;
    Giver& operator=(const Giver&) = delete;

    /// Owns the selection from now on, until another program copies something. Of `content` at least one.
    /// Throws Error{conflict} when others take it all the time.
    Task<> put(Selection selection, Copied content);
    /// What we give; nothing when somebody else owns that selection.
    std::optional<Found> find_own(Selection selection, Wanted wanted) const;

private:
    /// What we give.
    struct Own {
        std::shared_ptr<const std::string> text, latin1, image;
        xcb_timestamp_t since = XCB_CURRENT_TIME;
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
    std::optional<Own>& own_of(Selection selection) { return own_[static_cast<std::size_t>(selection)]; }
    void give(const xcb_selection_request_event_t& request);
    bool give_to(const xcb_selection_request_event_t& request, xcb_atom_t property);
    bool deliver(const xcb_selection_request_event_t& request, xcb_atom_t property, xcb_atom_t type,
                 const std::shared_ptr<const std::string>& bytes);
    void continue_delivery(xcb_window_t to, xcb_atom_t property);
    void give_targets(const Own& own, xcb_window_t to, xcb_atom_t property) const;

    x11::Connection& connection_;
    Selections& selections_;
    const Selections::Atoms& atoms_;
    std::array<std::optional<Own>, 2> own_;  ///< nothing: somebody else owns that selection
    std::list<Delivery> deliveries_;
};

}  // namespace carrel::desk::clipboard
