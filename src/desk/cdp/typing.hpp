// Typing into one field by the browser's own input events, which go to whatever has the focus then.
#pragma once

namespace carrel::desk::cdp {

/// Source text of a JavaScript function (element, text) for an isolated world of the element's document,
/// which has the focus and what is in it selected. To be called before the browser is asked to put `text`
/// there (or, when it is empty, to press Delete): a person's mouse or keyboard, or the page, may move the
/// focus meanwhile. What would go elsewhere in this document then goes nowhere, and what a person typed
/// before is replaced as it would have been. Answers an object whose end() ends that and tells {hasArrived,
/// isInFrame, hasStrayed}: whether the text came to the element, whether the focus is in a frame of the
/// document, which may have got it instead, and whether another element has got it.
extern const char* const typing_watch_script;

}  // namespace carrel::desk::cdp
