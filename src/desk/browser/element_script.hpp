// The scripts that run in pages, in a context of their own.
#pragma once

namespace carrel::desk::browser {

/// (selector, state, milliseconds) => {x, y} | {wrong: sentence, kind}; needs no other. `kind` is
/// "selector", "element" or "hidden_tab": the tab must be in front first.
extern const char* const find_element_script;

/// (selector, value) => {type: true} when the text is to be typed now, {value} when it is filled already,
/// {wrong} else. Calls `watchTyping` (cdp/typing).
extern const char* const prepare_field_script;

/// (selector, value) => {value}, what the field holds, as text; {moved: true} when the text did not come to
/// it. For after it was typed.
extern const char* const finish_field_script;

/// (selector or null, most) => {text, length}
extern const char* const read_text_script;
/// (most) => {html, length, url}
extern const char* const read_html_script;
/// (selector or null, dx, dy) => {x, y} | {wrong}
extern const char* const scroll_script;

}  // namespace carrel::desk::browser
