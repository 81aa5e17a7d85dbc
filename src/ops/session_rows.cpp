// The rows of sessions: their messages, events and desks.
#include <algorithm>
#include <array>

#include "ops/fields.hpp"
#include "ops/operation.hpp"
#include "ops/server.hpp"

namespace carrel::ops {

namespace {

constexpr std::array session_answer{
    Member{"id", "string", "sess_ and twelve hexadecimal digits"},
    Member{"user", "string", "whose it is"},
    Member{"title", "any", "a text, or null"},
    Member{"status", "string", "active or archived"},
    Member{"model", "string", "the model's id"},
    Member{"provider", "string", "who serves the model"},
    Member{"created_at", "string", "RFC 3339"},
    Member{"updated_at", "string", "RFC 3339"},
    Member{"vnc_url", "string", "the path of a page that shows only this desktop"},
    Member{"busy", "boolean", "whether the agent is at work"},
    Member{"viewers", "object", "who looks at the desktop live: {watching, in_control}, each a number"},
    Member{"desk", "object",
           "{id, state (starting, ready, frozen: any call wakes it, asleep: its programs have ended and any "
           "call makes it anew of its files, paused, failed, lost, stopped), image, "
           "network, width, height, limits, workspace (or null), display (false: its image has none, and "
           "only files, terminal and "
           "processes can be used)}; of one that failed, was lost, sleeps or has slept (after_sleep) also "
           "reason "
           "and code"},
    Member{"key", "any", "the name that its owner gave it, or null"},
    Member{"idle_since", "any", "RFC 3339, or null while it is in use"},
    Member{"awake", "array", "what keeps the desk awake, as sentences"},
    Member{"queue_position", "any", "while it waits for a desk: from 1 on; else null"},
};
constexpr std::array usage_answer{
    Member{"id", "string", "of the session"},
    Member{"busy", "boolean", "whether the agent is at work"},
    Member{"created_at", "string", "RFC 3339"},
    Member{"age_seconds", "number", "of the session"},
    Member{"model", "object",
           "what models have said in all turns: {provider, model, answers, input_tokens, output_tokens, "
           "cache_read_input_tokens, cache_creation_input_tokens}"},
    Member{"desk", "object",
           "{id, state, age_seconds}, and of one that lives what the host counts of: processor_seconds "
           "(since its start), memory_bytes, processes (threads too)"},
};
constexpr std::array sessions_answer{
    Member{"sessions", "array", "newest first, each as sessions/create answers it"},
    Member{"total", "integer", "how many there are in all"},
};
constexpr std::array events_answer{
    Member{"events", "array", "{seq, event (its name), data}, oldest first; numbers may skip"},
};
constexpr std::array sent_answer{
    Member{"message_id", "string", "as the events of the turn name it"},
    Member{"status", "string", "processing"},
    Member{"stream_url", "string", "the path of the session's events"},
};
constexpr std::array cancelled_answer{
    Member{"status", "string", "cancelled or not_processing"},
    Member{"message", "string", "the same as a sentence"},
};

constexpr std::array log_answer{
    Member{
        "lines", "array",
        "{time (RFC 3339), desk, program, text}, oldest first; programs are init (the desk's first), tool "
        "server, display, window manager, panel, message bus and browser. Whoever is in the desk can write "
        "what stands under all but the first two"},
    Member{"truncated", "boolean", "whether there were earlier lines"},
};

/// A session, and what only its making tells.
constexpr auto created_answer = [] {
    std::array<Member, session_answer.size() + 1> all{};
    *std::ranges::copy(session_answer, all.begin()).out = {
        "process_id", "string", "start, when there is a command: as what terminal/process knows it", false};
    return all;
}();

/// A session, and what only reading it tells.
constexpr auto detail_answer = [] {
    std::array<Member, session_answer.size() + 2> all{};
    auto* const rest = std::ranges::copy(session_answer, all.begin()).out;
    rest[0] = {"system_prompt_suffix", "string", "what was added to the system prompt", false};
    rest[1] = {"messages", "array",
               "{id, role (user, assistant), content (a text, or blocks), tool_use_id (or null), timestamp}",
               false};
    return all;
}();

constexpr std::array session_table{
    Operation{
        .name = "sessions/create",
        .method = "POST",
        .path = "/api/v1/sessions",
        .permission = Permission::create,
        .request = Body::json,
        .summary = "Makes a session with a desk of its own, or answers the one of that key; answers when the "
                   "desk can be used and has begun as asked for. What the desk cannot do of that leaves no "
                   "session behind. A desk that is renewed later begins as the server's settings say: "
                   "environment, files and the like are not kept.",
        .request_schema = schema<create_session_shape>,
        .answer = created_answer,
        .example = R"({"title":"Example","provider":"scripted","network":"none"})",
    },
    Operation{
        .name = "sessions/list",
        .method = "GET",
        .path = "/api/v1/sessions",
        .permission = Permission::view,
        .summary = "Lists sessions, newest first.",
        .request_schema = schema<list_sessions_shape>,
        .answer = sessions_answer,
        .example = "limit=10&include_archived=true",
    },
    Operation{
        .name = "sessions/get",
        .method = "GET",
        .path = "/api/v1/sessions/{id}",
        .permission = Permission::view,
        .summary = "One session with its messages; to who has only a link, without them.",
        .request_schema = schema<get_session_shape>,
        .answer = detail_answer,
        .is_for_links = true,
    },
    Operation{
        .name = "sessions/usage",
        .method = "GET",
        .path = "/api/v1/sessions/{id}/usage",
        .permission = Permission::view,
        .summary = "What a session has used, and its desk uses now; also of archived ones.",
        .answer = usage_answer,
    },
    Operation{
        .name = "sessions/rename",
        .method = "PATCH",
        .path = "/api/v1/sessions/{id}",
        .permission = Permission::create,
        .request = Body::json,
        .summary = "Gives a session another title.",
        .request_schema = schema<rename_session_shape>,
        .answer = session_answer,
        .example = R"({"title":"Another title"})",
    },
    Operation{
        .name = "sessions/delete",
        .method = "DELETE",
        .path = "/api/v1/sessions/{id}",
        .permission = Permission::create,
        .response = Body::none,
        .summary = "Destroys the desk and archives the session.",
        .request_schema = schema<delete_session_shape>,
        .example = "purge=true",
    },
    Operation{
        .name = "messages/send",
        .method = "POST",
        .path = "/api/v1/sessions/{id}/messages",
        .request = Body::json,
        .summary = "Gives the agent a message; the answer comes as events.",
        .request_schema = schema<send_message_shape>,
        .answer = sent_answer,
        .example = R"({"content":"Say hello."})",
    },
    Operation{
        .name = "turn/cancel",
        .method = "POST",
        .path = "/api/v1/sessions/{id}/cancel",
        .summary = "Stops what the agent does now.",
        .answer = cancelled_answer,
    },
    Operation{
        .name = "events/list",
        .method = "GET",
        .path = "/api/v1/sessions/{id}/events",
        .permission = Permission::view,
        .summary = "Stored events, oldest first.",
        .request_schema = schema<list_events_shape>,
        .answer = events_answer,
        .example = "after=0&limit=100",
    },
    Operation{
        .name = "events/stream",
        .method = "GET",
        .path = "/api/v1/sessions/{id}/stream",
        .permission = Permission::view,
        .response = Body::event_stream,
        .summary =
            "Events as they happen; first those since the last that the client has, where it says which.",
        .request_schema = schema<follow_events_shape>,
        .example = "last_event_id=0",
    },
    Operation{
        .name = "events/follow",
        .method = "GET",
        .path = "/api/v1/events",
        .permission = Permission::view,
        .response = Body::event_stream,
        .summary =
            "Events of several sessions over one connection, each named event, with {session_id, seq, event, "
            "data}; one named closed, with {session_id}, tells that a session has no more.",
        .request_schema = schema<follow_several_shape>,
        .example = "sessions=sess_0123456789ab:0",
    },
    Operation{
        .name = "blobs/get",
        .method = "GET",
        .path = "/api/v1/sessions/{id}/blobs/{hash}",
        .permission = Permission::view,
        .response = Body::bytes,
        .summary = "A picture of this session.",
    },
    Operation{
        .name = "desk/pause",
        .method = "POST",
        .path = "/api/v1/sessions/{id}/pause",
        .summary = "Stops the desk's programs where they are. Calls answer 409 (code paused) until it goes "
                   "on, but for its last picture; a call with wake=true in its query lets it go on.",
        .answer = session_answer,
    },
    Operation{
        .name = "desk/resume",
        .method = "POST",
        .path = "/api/v1/sessions/{id}/resume",
        .summary = "Lets a paused desk go on.",
        .answer = session_answer,
    },
    Operation{
        .name = "desk/renew",
        .method = "POST",
        .path = "/api/v1/sessions/{id}/desk/renew",
        .permission = Permission::create,
        .summary = "Replaces a desk that failed, was lost or does not answer by a new one.",
        .answer = session_answer,
    },
    Operation{
        .name = "desk/log",
        .method = "GET",
        .path = "/api/v1/sessions/{id}/desk/log",
        .permission = Permission::view,
        .summary =
            "What the desk's own programs said and how they ended, and before it the same of the desk that "
            "this one has replaced; also of desks that failed or have ended.",
        .request_schema = schema<read_desk_log_shape>,
        .answer = log_answer,
        .example = "lines=50",
    },
    Operation{
        .name = "desk/vnc",
        .method = "GET",
        .path = "/api/v1/sessions/{id}/vnc",
        .permission = Permission::view,
        .response = Body::upgrade,
        .summary = "The live screen: RFB over a WebSocket.",
        .request_schema = schema<watch_desk_shape>,
        .example = "view_only=true",
        .is_for_links = true,
    },
};

}  // namespace

std::span<const Operation> session_rows() { return session_table; }

}  // namespace carrel::ops
