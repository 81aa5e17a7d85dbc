// What a desk tells about its own health, made into lines of its session's log.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "async/task.hpp"
#include "fleet/driver.hpp"
#include "net/http.hpp"

namespace carrel::fleet {

/// Our sentence for a code that a desk may send; empty for any other. The desk's own words are not used:
/// what runs in it could write them.
std::string_view sentence_for(std::string_view code);

/// What the desk sends with a notification: a program's own words, so they are cut and cleaned here again.
/// Nothing when they are none. Pure.
std::optional<Notification> parse_notification(std::string_view data);

/// The size that a desk says its screen has, if a screen may be asked to have that: a new desk of its session
/// will. Nothing otherwise. Pure.
std::optional<ScreenSize> parse_screen(std::string_view data);

/// Lets at most `most` notices through in any `window`: a desk that falls over and over, or lies, does
/// not fill the log.
class NoticeLimit {
public:
    using Time = std::chrono::steady_clock::time_point;

    NoticeLimit(std::size_t most, std::chrono::seconds window) : most_{most}, window_{window} {}
    bool admits(Time now);

private:
    std::size_t most_;
    std::chrono::seconds window_;
    std::deque<Time> admitted_;
};

/// Reads GET /notices of the desk for ever, and again when it breaks off.
Task<> follow_notices(std::shared_ptr<net::Handler> endpoint, std::function<void(Notice)> tell);

}  // namespace carrel::fleet
