// The desk, as the agent's tools call it.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "agent/interfaces.hpp"
#include "fleet/fleet.hpp"

namespace carrel::session {

using async::Task;

/// Calls operations of a session's desk, whichever that is now: one that was replaced during a turn is
/// used from then on.
class FleetDeskCalls final : public agent::DeskCalls {
public:
    /// `note` hears 1 when an action begins and -1 when it has ended; it may cancel whoever called.
    FleetDeskCalls(const fleet::Fleet& fleet, std::string session_id, std::function<void(int)> note = {})
        : fleet_{fleet}, session_id_{std::move(session_id)}, note_{std::move(note)} {}

    Task<json::Value> call(std::string operation, json::Object input) override;
    Task<agent::Picture> picture(std::string operation, json::Object input) override;
    agent::Size screen() const override;

private:
    std::shared_ptr<net::Handler> endpoint() const;

    const fleet::Fleet& fleet_;
    std::string session_id_;
    std::function<void(int)> note_;
};

/// How long the desk may take for an operation: what the input itself allows (a command's time-out,
/// how long to wait) and time to spare.
std::chrono::milliseconds time_limit(const json::Object& input);

}  // namespace carrel::session
