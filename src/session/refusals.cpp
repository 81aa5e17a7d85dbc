#include "session/refusals.hpp"

#include <fmt/format.h>

#include "fleet/adoption.hpp"

namespace carrel::session {

using core::Code;
using core::Error;
using store::DeskState;

Error no_session(const std::string& id) { return {Code::not_found, "there is no session " + id}; }

Error draining() {
    return {Code::unavailable, "the server is ending and takes no new work: try again in a moment",
            "draining"};
}

Error paused(const std::string& session) {
    return {Code::conflict,
            fmt::format("the desk is paused: `carrel session resume {}` lets it go on, and so does wake=true",
                        session),
            "paused"};
}

Error not_ready(const store::DeskRow& desk) {
    const auto what_became = [&](std::string_view verb) {
        return fmt::format(
            "the desk {}: {}; `carrel logs --desk {}` says more, `carrel session renew {}` "
            "gives the session a new one",
            verb, desk.reason, desk.session_id, desk.session_id);
    };
    switch (desk.state) {
        case DeskState::starting:
            if (!desk.reason.empty() && desk.code != fleet::after_sleep)
                return {Code::unavailable, desk.reason, desk.code};
            return {Code::unavailable, "the desk is starting", "desk_starting"};
        case DeskState::asleep: return {Code::unavailable, "the desk is going to sleep", "desk_asleep"};
        case DeskState::failed: return {Code::conflict, what_became("failed"), "desk_failed"};
        case DeskState::lost: return {Code::conflict, what_became("was lost"), "desk_lost"};
        case DeskState::stopped:
            if (!desk.reason.empty()) return {Code::conflict, what_became("was ended"), "desk_stopped"};
            break;
        default: break;
    }
    return {Code::unavailable, "the desk is ending", "desk_ending"};
}

}  // namespace carrel::session
