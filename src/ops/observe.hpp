// What every input operation can await before it answers; and places on the screen.
#pragma once

#include <optional>
#include <string>

#include "json/fields.hpp"

namespace carrel::ops {

/// A pixel of the screen; 0,0 is the upper left one.
struct Point {
    int x = 0;
    int y = 0;
};

/// What an input operation waits for before it answers. Times are milliseconds.
struct Observe {
    std::string observe = "settled";  ///< or "none"
    int first_change_ms = 150;        ///< how long the first change is awaited
    int quiet_ms = 40;                ///< how long nothing may change then
    int limit_ms = 2000;              ///< of the whole waiting
    /// Whether the answer brings the screen afterwards; by default it does when something was awaited.
    std::optional<bool> screenshot;
};

/// Of operations that take nothing.
struct Nothing {};
const json::Shape<Nothing>& nothing_shape();

}  // namespace carrel::ops
