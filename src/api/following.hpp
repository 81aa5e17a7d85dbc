// Several sessions' logs over one connection: what a page of many tabs follows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/routes.hpp"
#include "core/error.hpp"
#include "session/service.hpp"

namespace carrel::api {

/// A session, and the number of the last of its events that the client has: absent, only what comes counts.
struct Followed {
    std::string session_id;
    std::optional<std::int64_t> after;
};

/// Reads "sess_a:12,sess_b": 1 to 64 sessions, each once.
core::Expected<std::vector<Followed>> parse_followed(std::string_view text);

/// The binding of events/follow. `service` must outlive it.
Binding following_binding(session::SessionService& service);

}  // namespace carrel::api
