// The browser's DevTools endpoint, passed on: what Playwright's connectOverCDP and such speak.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "desk/browser/control.hpp"

namespace carrel::desk::browser {

/// How the client has reached us, as the server tells (X-Forwarded-Host, -Proto, -Prefix); addresses that
/// lead back are made of it.
struct Approach {
    std::string host;
    bool is_encrypted = false;
    std::string prefix;  ///< "/api/v1/sessions/…/desk"
};
Approach read_approach(const net::Headers& headers);

/// Chromium's path for "version", "list/" and the like; nothing when it is none of those that are passed on.
std::optional<std::string> devtools_path(std::string_view what);

/// Whether it can be a target's id.
bool is_target_id(std::string_view text);

/// An answer of /json/…: every webSocketDebuggerUrl leads through the approach, and the members that lead to
/// pages on the port itself are left out.
json::Value redirected(json::Value answer, const Approach& approach);

}  // namespace carrel::desk::browser
