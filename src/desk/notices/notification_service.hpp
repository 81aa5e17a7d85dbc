// The desk's notification service: takes what programs tell by org.freedesktop.Notifications from the
// session's message bus, and passes it on as notices.
//
// The bus starts when a program first connects to it (init holds its socket). Only then does this connect,
// too; a file of the image (org.freedesktop.Notifications.service) makes the bus hold a call back until it
// has.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>

#include "async/gate.hpp"
#include "async/task.hpp"
#include "async/turns.hpp"
#include "desk/notices/notifications.hpp"
#include "net/http.hpp"

namespace carrel::desk::notices {

using async::Task;

/// At most so many within that time; a program that notifies without end is answered, but not passed on.
class NotificationLimit {
public:
    using Time = std::chrono::steady_clock::time_point;
    bool admits(Time now);

private:
    std::deque<Time> admitted_;
};

class NotificationService {
public:
    /// `address` is the path of the bus's socket.
    NotificationService(async::Executor executor, std::string address,
                        std::function<void(Notification)> tell);

    /// The bus runs now.
    void bus_started();
    /// Serves whenever there is a bus; until cancelled.
    Task<> run();

private:
    Task<> serve();
    Task<> answer_calls(net::Stream& bus);
    Task<> tell_ends(net::Stream& bus);
    Task<> handle(net::Stream& bus, const dbus::Message& message, bool is_cut);
    Task<> send(net::Stream& bus, dbus::Message message);

    std::string address_;
    std::function<void(Notification)> tell_;
    async::Gate started_;
    bool is_started_ = false;
    async::Gate ends_changed_;
    async::Turns writing_;  ///< calls are answered while ends are told
    NotificationMethods methods_;
    NotificationLimit limit_;
    std::uint32_t last_serial_ = 0;
};

}  // namespace carrel::desk::notices
