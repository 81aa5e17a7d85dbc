// Elements of a page, found by CSS selectors and acted on as a person would: seen, scrolled to, uncovered,
// and then clicked or typed into with the browser's own input events.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "desk/cdp/tabs.hpp"

namespace carrel::desk::browser {

using async::Task;

/// The middle of what can be seen of an element, in CSS pixels of the viewport.
struct Place {
    double x = 0;
    double y = 0;
};

/// Waits until the first element that `selector` matches is in that state: "attached", "visible", "hidden",
/// "detached"; "hit": visible, enabled, at rest and uncovered; "field": the same of one that can be filled.
/// The place is told for these two. Throws Error{conflict,
/// "no_such_element"} with what is wrong when `limit` passes first, Error{invalid, "bad_selector"}; as
/// Tab::run.
Task<Place> wait_for_element(cdp::Tab& tab, std::string selector, std::string_view state,
                             std::chrono::milliseconds limit);

/// Moves the pointer to the element, once it is "hit", and in its turn in the tab. A page that opens a dialog
/// is left with it: the call returns. Throws as wait_for_element and Tab::take_turn.
Task<> hover_element(cdp::Tab& tab, std::string selector, std::chrono::milliseconds limit);
Task<> click_element(cdp::Tab& tab, std::string selector, std::chrono::milliseconds limit);

/// Replaces what the field holds; answers what it holds afterwards. Throws as wait_for_element and
/// Tab::take_turn, and Error{conflict, "bad_value"} when the field does not take the value.
Task<std::string> fill_field(cdp::Tab& tab, std::string selector, std::string value,
                             std::chrono::milliseconds limit);

/// The text of the page or of an element, the document's HTML: {text, length}, at most `most` characters.
Task<json::Value> read_text(cdp::Tab& tab, std::optional<std::string> selector, int most,
                            std::chrono::milliseconds limit);
Task<json::Value> read_html(cdp::Tab& tab, int most);

/// Scrolls by so many CSS pixels: {x, y}, where it stands then. Throws as Tab::take_turn.
Task<json::Value> scroll_by(cdp::Tab& tab, std::optional<std::string> selector, int dx, int dy);

}  // namespace carrel::desk::browser
