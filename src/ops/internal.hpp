// What the server itself asks of a desk's tool server, and no client: routes beside those of the rows. Both
// sides read them here; all but `begin` are asked for by GET.
#pragma once

#include <string_view>

namespace carrel::ops::internal {

/// Who answers: {desk, nonce, version, display: whether it has one}, to be held against the desk's row.
inline constexpr std::string_view hello = "/hello";
/// {ready: true} as soon as display and window manager are up; else 503, after a while of waiting.
inline constexpr std::string_view ready = "/ready";
/// An event stream of what happens to the desk itself and of what its programs notify. Never ends by itself.
inline constexpr std::string_view notices = "/notices";
/// The display's RFB stream, for `Connection: Upgrade` to stream_protocol: 101, then bytes both ways.
inline constexpr std::string_view vnc = "/vnc";

/// POST of what the desk's owner wishes of it (ops/beginning), once; the answer comes when all of it is done:
/// {process_id: "start"} when there was a command, else {}. The same again is answered the same; another one
/// is a conflict ("already_begun").
inline constexpr std::string_view begin = "/begin";

/// What a request for `vnc` names as Upgrade.
inline constexpr std::string_view stream_protocol = "carrel-stream";

}  // namespace carrel::ops::internal
