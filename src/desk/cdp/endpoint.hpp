// Where the browser's DevTools answer: a port of the desk's own loopback.
//
// The port is fixed, not chosen by the browser: with port 0 Chromium tells pages that it is driven by a
// program (navigator.webdriver), which a person's browser is not. Pages cannot use the port: Chromium
// refuses WebSockets with an Origin and requests whose Host is a name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "desk/cdp/cdp.hpp"
#include "net/wire.hpp"

namespace carrel::desk::cdp {

/// Also in the image, /etc/chromium.d/carrel, for browsers that a person starts. Below the kernel's range
/// of ports for connections, and not the 9222 that programs under test take.
constexpr std::uint16_t devtools_port = 29222;

/// For whoever starts a browser.
std::string devtools_flag();

/// The JSON that Chromium's DevTools server answers at `path` ("/json/version"). Throws Error{unavailable,
/// "no_browser"} when nobody listens, Error{unavailable, "bad_browser_answer"} for what is no answer,
/// Error{timeout, "browser_hung"}.
Task<json::Value> get_devtools(std::string path);
/// A connection to the port. Throws Error{unavailable, "no_browser"}.
Task<std::shared_ptr<net::Wire>> connect_devtools();

/// The path of the browser's own WebSocket ("/devtools/browser/<id>"), out of /json/version.
core::Expected<std::string> parse_browser_path(const json::Value& version);
/// Ids of all targets as /json/list names them, the one that was used last first.
std::vector<std::string> read_target_order(const json::Value& list);

/// Cdp::Connect for this browser.
Task<std::unique_ptr<CdpTransport>> connect_browser();
/// Tabs::FindOrder for this browser.
Task<std::vector<std::string>> find_target_order();

}  // namespace carrel::desk::cdp
