// The requests of the server's own operations: their fields and what is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/beginning.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

/// POST /api/v1/sessions. All may be absent. Its body may have largest_beginning bytes.
struct CreateSession : Beginning {
    std::optional<std::string> title;
    std::optional<std::string> model;
    std::optional<std::string> provider;  ///< name of a row of vendors::table
    std::optional<std::string> system_prompt_suffix;
    std::optional<std::string> network;  ///< "internet" or "none"
    std::optional<int> width;            ///< pixels
    std::optional<int> height;
    std::optional<std::string> image;
    std::optional<double> cpus;    ///< cores' worth of time
    std::optional<int> memory_mb;  ///< MiB
    std::optional<int> processes;
    std::optional<int> disk_mb;  ///< MiB; 0: no limit
    std::optional<std::string> workspace;
    std::optional<bool> home;    ///< of the workspace
    std::optional<bool> shared;  ///< of the workspace
    std::optional<std::string> key;
    std::optional<int> wait_seconds;
    std::optional<std::string> on_idle;  ///< store::name_of(OnIdle)
    std::optional<int> idle_seconds;     ///< 0: never
    std::optional<int> max_age_seconds;  ///< 0: none
};
const json::Shape<CreateSession>& create_session_shape();

/// The query of GET /api/v1/sessions.
struct ListSessions {
    int limit = 50;
    int offset = 0;
    bool include_archived = false;
    bool all = false;  ///< of all users
};
const json::Shape<ListSessions>& list_sessions_shape();

/// The query of GET /api/v1/sessions/{id}.
struct GetSession {
    bool messages = true;
};
const json::Shape<GetSession>& get_session_shape();

/// PATCH /api/v1/sessions/{id}.
struct RenameSession {
    std::string title;
};
const json::Shape<RenameSession>& rename_session_shape();

/// The query of DELETE /api/v1/sessions/{id}.
struct DeleteSession {
    bool purge = false;
};
const json::Shape<DeleteSession>& delete_session_shape();

/// POST /api/v1/sessions/{id}/messages.
struct SendMessage {
    std::string content;
};
const json::Shape<SendMessage>& send_message_shape();

/// The query of GET /api/v1/sessions/{id}/events.
struct ListEvents {
    std::int64_t after = 0;  ///< the number of an event
    int limit = 500;
};
const json::Shape<ListEvents>& list_events_shape();

/// The query of GET /api/v1/sessions/{id}/stream.
struct FollowEvents {
    std::optional<std::int64_t> last_event_id;  ///< absent: only what happens from now on
};
const json::Shape<FollowEvents>& follow_events_shape();

/// The query of GET /api/v1/events.
struct FollowSeveral {
    std::string sessions;  ///< "sess_a:12,sess_b"
};
const json::Shape<FollowSeveral>& follow_several_shape();

/// The query of GET /api/v1/sessions/{id}/vnc.
struct WatchDesk {
    bool view_only = false;
};
const json::Shape<WatchDesk>& watch_desk_shape();

/// The query of GET /api/v1/sessions/{id}/desk/log.
struct ReadDeskLog {
    int lines = 200;
};
const json::Shape<ReadDeskLog>& read_desk_log_shape();

/// POST and DELETE /api/v1/credentials.
struct SetCredential {
    std::string provider;
    std::string key;
};
const json::Shape<SetCredential>& set_credential_shape();

struct ForgetCredential {
    std::string provider;
};
const json::Shape<ForgetCredential>& forget_credential_shape();

/// The query of POST /api/v1/admin/cleanup.
struct CleanUp {
    int max_idle = 1800;  ///< seconds
};
const json::Shape<CleanUp>& clean_up_shape();

/// POST /api/v1/login.
struct LogIn {
    std::string key;
};
const json::Shape<LogIn>& log_in_shape();

/// The rows of sessions; server_operations() holds them.
std::span<const Operation> session_rows();

}  // namespace carrel::ops
