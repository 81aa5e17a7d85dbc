// Turns the wheel over a point of a page and says what that moved: the window, or a box or frame under the
// point.
#pragma once

#include <string>

#include "desk/page/input.hpp"

namespace carrel::desk::page {

enum class ScrollEnd { left, top, right, bottom };

struct Scrolled {
    enum class Outcome {
        moved,
        nothing,  ///< what could move is at that end, or nothing can
        taken,    ///< by the page for something of its own, as maps do
        unknown,  ///< the page could not be asked
    };
    Outcome outcome = Outcome::unknown;
    std::string box;  ///< "the page", "the frame", or as it is described with its reference
    int by = 0;       ///< CSS pixels
    int ahead = 0;    ///< how much further it can be scrolled that way
    int back = 0;     ///< and the other way
};

/// By so many CSS pixels. Returns when what was moved stands still, after some 1.5 s at most.
Task<Scrolled> scroll_at(Page& page, PagePoint at, ScrollEnd end, double pixels);

/// A sentence: `list "Files" [ref_4] scrolled by 300 pixels: 420 more below, 300 above.`
std::string to_sentence(const Scrolled& scrolled, ScrollEnd end);

}  // namespace carrel::desk::page
