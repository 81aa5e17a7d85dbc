#include "ops/server.hpp"

#include <array>

#include "ops/operation.hpp"
#include "vendors/vendors.hpp"

namespace carrel::ops {

namespace {

using json::between;
using json::field;
using json::length_between;
using json::one_of;

/// Longer texts are no titles; the page shows one line.
constexpr std::size_t most_title = 200;

template <const auto& (*Shape)()>
json::Object schema() {
    return Shape().schema();
}

constexpr std::array rows{
    Operation{"health", "GET", "/api/v1/health", Permission::open, Body::none, Body::json,
              "Says whether the server is healthy, with each check."},
    Operation{"health/ready", "GET", "/api/v1/health/ready", Permission::open, Body::none, Body::json,
              "200 when the server takes requests, else 503."},
    Operation{"health/live", "GET", "/api/v1/health/live", Permission::open, Body::none, Body::json,
              "200 as long as the process lives."},
    Operation{"config", "GET", "/api/v1/config", Permission::view, Body::none, Body::json,
              "What a client needs to know of the server; nothing secret."},
    Operation{"login", "POST", "/api/v1/login", Permission::open, Body::json, Body::json,
              "Exchanges a key for an HttpOnly cookie, for browsers.", schema<log_in_shape>},
    Operation{"logout", "POST", "/api/v1/logout", Permission::open, Body::none, Body::none,
              "Ends the cookie's login."},
    Operation{"credentials/set", "POST", "/api/v1/credentials", Permission::create, Body::json, Body::none,
              "Gives a model key, which is kept in memory only.", schema<set_credential_shape>},
    Operation{"credentials/forget", "DELETE", "/api/v1/credentials", Permission::create, Body::json,
              Body::none, "Forgets a model key.", schema<forget_credential_shape>},
    Operation{"sessions/create", "POST", "/api/v1/sessions", Permission::create, Body::json, Body::json,
              "Makes a session with a desk of its own; answers when the desk can be used.",
              schema<create_session_shape>},
    Operation{"sessions/list", "GET", "/api/v1/sessions", Permission::view, Body::none, Body::json,
              "Lists sessions, newest first (?limit=50&offset=0&include_archived=false)."},
    Operation{"sessions/get", "GET", "/api/v1/sessions/{id}", Permission::view, Body::none, Body::json,
              "One session with its messages."},
    Operation{"sessions/rename", "PATCH", "/api/v1/sessions/{id}", Permission::create, Body::json, Body::json,
              "Gives a session another title.", schema<rename_session_shape>},
    Operation{
        "sessions/delete", "DELETE", "/api/v1/sessions/{id}", Permission::create, Body::none, Body::none,
        "Destroys the desk and archives the session; with ?purge=true removes its history and pictures too."},
    Operation{"messages/send", "POST", "/api/v1/sessions/{id}/messages", Permission::control, Body::json,
              Body::json, "Gives the agent a message; the answer comes as events.",
              schema<send_message_shape>},
    Operation{"turn/cancel", "POST", "/api/v1/sessions/{id}/cancel", Permission::control, Body::none,
              Body::json, "Stops what the agent does now."},
    Operation{"events/list", "GET", "/api/v1/sessions/{id}/events", Permission::view, Body::none, Body::json,
              "Stored events (?after=0&limit=500)."},
    Operation{"events/stream", "GET", "/api/v1/sessions/{id}/stream", Permission::view, Body::none,
              Body::event_stream,
              "Events as they happen; replays after Last-Event-ID or ?last_event_id=, else live only."},
    Operation{"blobs/get", "GET", "/api/v1/sessions/{id}/blobs/{hash}", Permission::view, Body::none,
              Body::bytes, "A picture of this session."},
    Operation{"desk/renew", "POST", "/api/v1/sessions/{id}/desk/renew", Permission::create, Body::none,
              Body::json, "Replaces a failed desk by a new one."},
    Operation{"desk/vnc", "GET", "/api/v1/sessions/{id}/vnc", Permission::view, Body::none, Body::upgrade,
              "The live screen: RFB over a WebSocket (?view_only=true passes no input)."},
    Operation{"page/index", "GET", "/", Permission::open, Body::none, Body::bytes, "The page."},
    Operation{"page/desk", "GET", "/desk/{id}", Permission::open, Body::none, Body::bytes,
              "A page that shows one desktop only."},
    Operation{"page/asset", "GET", "/{name}", Permission::open, Body::none, Body::bytes, "The page's files."},
};

}  // namespace

std::span<const Operation> server_operations() { return rows; }

const json::Shape<CreateSession>& create_session_shape() {
    static const json::Shape<CreateSession> shape{
        field("title", &CreateSession::title, "shown in lists", length_between(1, most_title)),
        field("model", &CreateSession::model, "the model's id", length_between(1, 200)),
        field("provider", &CreateSession::provider, "who serves the model", one_of(vendors::names())),
        field("system_prompt_suffix", &CreateSession::system_prompt_suffix, "added to the system prompt",
              length_between(0, 20000)),
        field("network", &CreateSession::network, "what the desk can reach", one_of({"internet", "none"})),
        field("width", &CreateSession::width, "of the screen, pixels", between(320, 3840)),
        field("height", &CreateSession::height, "of the screen, pixels", between(240, 2160)),
    };
    return shape;
}

const json::Shape<RenameSession>& rename_session_shape() {
    static const json::Shape<RenameSession> shape{
        field("title", &RenameSession::title, "shown in lists", length_between(1, most_title))};
    return shape;
}

const json::Shape<SendMessage>& send_message_shape() {
    static const json::Shape<SendMessage> shape{
        field("content", &SendMessage::content, "what the agent shall do", length_between(1, 10000))};
    return shape;
}

const json::Shape<SetCredential>& set_credential_shape() {
    static const json::Shape<SetCredential> shape{
        field("provider", &SetCredential::provider, "whose key", one_of(vendors::names_with_key())),
        field("key", &SetCredential::key, "the key; kept in memory only", length_between(8, 1000))};
    return shape;
}

const json::Shape<ForgetCredential>& forget_credential_shape() {
    static const json::Shape<ForgetCredential> shape{
        field("provider", &ForgetCredential::provider, "whose key", one_of(vendors::names_with_key()))};
    return shape;
}

const json::Shape<LogIn>& log_in_shape() {
    static const json::Shape<LogIn> shape{
        field("key", &LogIn::key, "a key of this server", length_between(1, 1000))};
    return shape;
}

}  // namespace carrel::ops
