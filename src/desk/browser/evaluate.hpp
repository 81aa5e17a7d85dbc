// JavaScript in a page, as people and models write it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "desk/cdp/tabs.hpp"

namespace carrel::desk::browser {

using async::Task;

/// What Runtime.evaluate and such answered.
struct Evaluated {
    enum class Kind { plain, function, promise, object };
    Kind kind = Kind::plain;  ///< beyond `plain` there is only a name for the value yet
    json::Value value;
    std::string object;  ///< its name
    std::optional<std::string> exception;
};
/// Pure. What JSON cannot hold (NaN, Infinity, -0, big integers) becomes text; undefined becomes null.
Evaluated read_evaluated(const json::Value& answer);

/// Whether the text is statements with a "return" of their own, so that it needs a function around it.
bool needs_function(std::string_view exception);
/// Whether it is a function without a name, which is an expression only in brackets.
bool needs_brackets(std::string_view exception);

/// The value of `script` in the tab's page, or in the frame with that name or id, or that address holds.
/// Throws Error{conflict, "script_failed"} with the exception's text, Error{timeout, "script_timeout"},
/// Error{conflict, "no_such_frame"}, or Error{timeout, "page_busy"} where a frame that may be meant does not
/// answer within `limit` or two seconds; as Tab::call.
Task<json::Value> evaluate(cdp::Tab& tab, std::string script, std::optional<std::string> frame,
                           std::chrono::milliseconds limit);

}  // namespace carrel::desk::browser
