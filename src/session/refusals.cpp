#include "session/refusals.hpp"

namespace carrel::session {

using core::Code;
using core::Error;
using store::DeskState;

Error no_session(const std::string& id) { return {Code::not_found, "there is no session " + id}; }

Error not_ready(const store::DeskRow& desk) {
    switch (desk.state) {
        case DeskState::starting: return {Code::unavailable, "the desk is starting", "desk_starting"};
        case DeskState::failed:
            return {Code::conflict, "the desk failed: " + desk.reason + "; ask for a new one", "desk_failed"};
        case DeskState::lost:
            return {Code::conflict, "the desk was lost: " + desk.reason + "; ask for a new one", "desk_lost"};
        case DeskState::ready:
        case DeskState::stopped: break;
    }
    return {Code::unavailable, "the desk is ending", "desk_ending"};
}

}  // namespace carrel::session
