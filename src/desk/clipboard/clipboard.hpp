// The selections CLIPBOARD and PRIMARY, both ways (ICCCM, section 2): what programs have copied is read, and
// what clients put there is given to programs that paste.
#pragma once

#include "desk/clipboard/giver.hpp"
#include "desk/clipboard/selections.hpp"
#include "desk/clipboard/taker.hpp"

namespace carrel::desk::clipboard {

class Clipboard {
public:
    /// Blocks: runs on the pool. `connection` must outlive it.
    Clipboard(async::Executor executor, x11::Connection& connection)
        : selections_{connection},
          giver_{connection, selections_},
          taker_{executor, connection, selections_} {}

    /// Throws Error{timeout} when the program that owns it does not give it, and Error{exhausted} when it is
    /// more than largest_copied.
    Task<Found> look(Selection selection, Wanted wanted);
    /// Owns the selection from now on, until another program copies something. Of `content` at least one.
    Task<> put(Selection selection, Copied content);
    /// What another program has copied becomes ours, text and picture; an empty text when it was neither.
    Task<> take_over();

private:
    Selections selections_;
    Giver giver_;
    Taker taker_;
};

}  // namespace carrel::desk::clipboard
