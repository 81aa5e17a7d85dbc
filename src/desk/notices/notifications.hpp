// org.freedesktop.Notifications, version 1.2 (https://specifications.freedesktop.org/notification-spec): what
// programs of the desk call, and what they are answered. Pure.
#pragma once

#include <cstdint>
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

class NotificationMethods {
public:
    struct Outcome {
        std::vector<dbus::Message> answers;  ///< their serials are the sender's to choose
        std::optional<Notification> told;
    };

    /// Of a message that was too large, only the header fields are there: `is_cut`.
    Outcome handle(const dbus::Message& message, bool is_cut);

private:
    Outcome notify(const dbus::Message& call);
    std::uint32_t last_id_ = 0;
};

}  // namespace carrel::desk::notices
