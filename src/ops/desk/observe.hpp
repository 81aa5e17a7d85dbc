// What every input operation can await before it answers; and places on the screen.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

/// A pixel of the screen; 0,0 is the upper left one.
struct Point {
    int x = 0;
    int y = 0;
};

/// What an input operation waits for before it answers. Times are milliseconds.
struct Observe {
    std::string observe = "settled";  ///< "none", "settled", or "wait": a time that the request names
    int wait_ms = 0;                  ///< with "wait": how long
    int first_change_ms = 150;        ///< how long the first change is awaited
    int quiet_ms = 40;                ///< how long nothing may change then
    int limit_ms = 2000;              ///< of the whole waiting for a settled screen
    /// Whether the answer brings the screen afterwards; by default it does when something was awaited.
    std::optional<bool> screenshot;
};

/// `observe` as a request has it: a word, or a number of milliseconds.
void read_observe(const json::Value& from, Observe& to, json::Problems& problems);
json::Object observe_schema();

/// What every operation that takes Observe answers.
inline constexpr std::array observed_answer{
    Member{"output", "string", "what was done, in a sentence"},
    Member{"observed", "string",
           "what came of the waiting: settled, nothing_changed, still_changing (at limit_ms), loading (at "
           "limit_ms "
           "the browser was still loading the page in front, or what the action made it ask for), or waited "
           "when observe was a number; absent when nothing was awaited",
           false},
    Member{
        "changes", "object",
        "what else became of it, unless observe was none: screen (whether it changed), region {x0,y0,x1,y1} "
        "of the changes, opened and closed [{window_id,title}], titles [{window_id,title,before}], active "
        "{window_id,title} or null, clipboard (true); only what there was, but for screen",
        false},
    Member{"image", "string", "the screen afterwards: a PNG in base64", false},
    Member{"width", "integer", "of the picture, in pixels", false},
    Member{"height", "integer", "of the picture, in pixels", false},
};

/// Of operations that take nothing.
struct Nothing {};
const json::Shape<Nothing>& nothing_shape();

}  // namespace carrel::ops
