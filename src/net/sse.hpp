// Server-sent events (WHATWG HTML, "server-sent events"), both sides. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace carrel::net {

/// One event as it goes on the wire. Line ends in `data` become several data lines; `event` must hold none.
std::string sse_frame(std::optional<std::uint64_t> id, std::string_view event, std::string_view data);

/// A comment, which keeps idle connections alive.
inline constexpr std::string_view sse_keep_alive = ": keep-alive\n\n";

struct SseEvent {
    std::string event = "message";
    std::string data;
    std::string id;  ///< the last id that the stream gave, also by earlier events
    bool operator==(const SseEvent&) const = default;
};

/// Takes a stream in pieces of any size, gives its events. Lines may end in LF, CRLF or CR.
class SseParser {
public:
    /// `limit` bounds one event: its lines and its data, in bytes.
    explicit SseParser(std::size_t limit = std::size_t{1} << 20) : limit_{limit} {}

    /// Refuses an event larger than the limit; nothing more can be pushed then.
    core::Expected<void> push(std::string_view bytes);
    /// The next whole event. What has no data is no event.
    std::optional<SseEvent> pop();

private:
    void end_line();
    void end_event();

    std::size_t limit_;
    std::string line_;
    std::string data_;
    std::string event_;
    std::string id_;
    std::deque<SseEvent> events_;
    bool has_data_ = false;
    bool after_cr_ = false;
    bool at_start_ = true;
    bool is_broken_ = false;
};

}  // namespace carrel::net
