// Operations of the browser: their requests and rows.
#pragma once

#include <span>
#include <string>

#include "ops/desk/observe.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> browser_rows();

/// A page comes in pieces and late: the waiting is longer than after a click.
struct OpenUrl : Observe {
    OpenUrl() : Observe{.first_change_ms = 1000, .quiet_ms = 250, .limit_ms = 5000} {}
    std::string url;
    bool new_window = false;
};
const json::Shape<OpenUrl>& open_url_shape();

/// Of operations that only need to know what to wait for: browser/close.
struct JustObserve : Observe {};
const json::Shape<JustObserve>& just_observe_shape();

}  // namespace carrel::ops
