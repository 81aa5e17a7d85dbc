// Pages that are about to be left: those that hang, too.
//
// The page takes part in its own leaving: the next one often comes in the same process. A navigation that was
// handed to a process that hangs is never carried out and cannot be taken back: the tab is lost
// ("page_stuck"). So who leaves a page asks it for an answer first.
#pragma once

#include <chrono>

#include "desk/cdp/tabs.hpp"

namespace carrel::desk::cdp {

/// Returns when the page can be left: it answers, or it has not within `patience` (or has opened one dialog
/// after the other) and was ended; the next navigation revives the tab. Dialogs but for the question whether
/// to leave are dismissed, as the browser itself does then. Throws Error{conflict, "page_stuck"}; as
/// Tab::call when the tab or the browser is gone, or the browser hangs.
Task<> free_page(Tab& tab, std::chrono::milliseconds patience);

/// How long a page is waited for that is left by a navigation with this limit.
std::chrono::milliseconds patience_of(std::chrono::milliseconds limit);

}  // namespace carrel::desk::cdp
