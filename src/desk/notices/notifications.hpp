// org.freedesktop.Notifications, version 1.2 (https://specifications.freedesktop.org/notification-spec): what
// programs of the desk call, and what they are answered. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "desk/notices/dbus_message.hpp"

namespace carrel::desk::notices {

/// What a program wants to tell, as text of bounded length without control characters.
struct Notification {
    std::string app;      ///< at most 100 bytes
    std::string summary;  ///< at most 300
    std::string body;     ///< at most 2,000; it may have lines
    std::string urgency;  ///< "low", "normal", "critical"
    bool operator==(const Notification&) const = default;
};

/// Nothing is shown anywhere, but programs wait for the end of what they told (`notify-send --wait`): so each
/// notification is open for as long as it says, for ten seconds if it leaves that to us, or until it is
/// closed. Of many the oldest end early.
class NotificationMethods {
public:
    using Time = std::chrono::steady_clock::time_point;

    struct Outcome {
        std::vector<dbus::Message> answers;  ///< their serials are the sender's to choose
        std::optional<Notification> told;
    };

    /// Of a message that was too large, only the header fields are there: `is_cut`.
    Outcome handle(const dbus::Message& message, bool is_cut, Time now);

    /// When the next one is over; nothing when none will be by itself.
    std::optional<Time> next_end() const;
    /// Signals about those that are over now.
    std::vector<dbus::Message> end_those_over(Time now);

private:
    Outcome notify(const dbus::Message& call, Time now);
    Outcome close(const dbus::Message& call);

    std::uint32_t last_id_ = 0;
    std::map<std::uint32_t, Time> open_;  ///< when each is over, by its number
};

}  // namespace carrel::desk::notices
