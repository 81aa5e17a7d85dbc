// A page's pointer, wheel and keys, by the browser's own input events.
#pragma once

#include <string>
#include <vector>

#include "desk/page/keys.hpp"
#include "desk/page/page.hpp"
#include "desk/page/quad.hpp"

namespace carrel::desk::page {

struct ClickWish {
    std::string button = "left";  ///< "left", "middle", "right"
    int count = 1;
    std::vector<PageKey> modifiers;
};
/// All of these return also when the page opened a dialog instead of taking the rest.
Task<> click(Page& page, PagePoint at, ClickWish wish);
Task<> move_pointer(Page& page, PagePoint to, int buttons = 0);
Task<> press_button(Page& page, PagePoint at);
Task<> release_button(Page& page, PagePoint at);
Task<> drag(Page& page, PagePoint from, PagePoint to);
/// `x`, `y`: pixels of the screen to the right and down.
Task<> turn_wheel(Page& page, PagePoint at, double x, double y);

/// To the field that has the focus.
Task<> type_text(Page& page, std::vector<TypedPiece> pieces);
Task<> press_keys(Page& page, std::vector<std::vector<PageKey>> chords, int times);
/// Holds the keys for that long; they repeat as those of a keyboard do.
Task<> hold_keys(Page& page, std::vector<PageKey> chord, async::Duration duration);

}  // namespace carrel::desk::page
