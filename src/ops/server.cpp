#include "ops/server.hpp"

#include <algorithm>

#include "core/desk_shape.hpp"
#include "vendors/vendors.hpp"

namespace carrel::ops {

namespace {

using json::between;
using json::field;
using json::length_between;
using json::one_of;

/// Longer texts are no titles; the page shows one line.
constexpr std::size_t most_title = 200;
constexpr double longest_life = 10.0 * 365 * 24 * 3600;  // seconds
/// Of events, as far as a JSON number tells them exactly.
constexpr double largest_number = 9'007'199'254'740'991;

/// Vendors' keys go into a header: nothing that a header cannot have, nor what was copied along with one.
std::optional<std::string> why_no_word(std::string_view text) {
    if (std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; })) return std::nullopt;
    return "must be one word of ASCII, without spaces and line ends";
}

/// As the jail judges it (jail/wire).
std::optional<std::string> why_no_workspace(std::string_view text) {
    const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const bool is_good = is_plain(text.front()) && std::ranges::all_of(text, [&](char c) {
                             return is_plain(c) || c == '.' || c == '_' || c == '-';
                         });
    if (is_good) return std::nullopt;
    return "must be of a-z, 0-9, '.', '_' and '-', and begin with one of the first two";
}

std::vector<json::Field<CreateSession>> create_session_fields() {
    std::vector<json::Field<CreateSession>> fields{
        field("title", &CreateSession::title, "shown in lists", length_between(1, most_title)),
        field("model", &CreateSession::model, "the model's id", length_between(1, 200)),
        field("provider", &CreateSession::provider, "who serves the model", one_of(vendors::names())),
        field("system_prompt_suffix", &CreateSession::system_prompt_suffix, "added to the system prompt",
              length_between(0, 20000)),
        field("network", &CreateSession::network, "what the desk can reach", one_of({"internet", "none"})),
        field("width", &CreateSession::width, "of the screen, pixels",
              between(core::smallest_width, core::largest_width)),
        field("height", &CreateSession::height, "of the screen, pixels",
              between(core::smallest_height, core::largest_height)),
        field("image", &CreateSession::image, "what the desk starts from, as image/list names it",
              length_between(1, 64)),
        field("cpus", &CreateSession::cpus, "processors' worth of time, up to the server's bound",
              between(0.05, 1000)),
        field("memory_mb", &CreateSession::memory_mb, "of the desk, MiB, up to the server's bound",
              between(128, 1 << 20)),
        field("processes", &CreateSession::processes, "and threads, up to the server's bound",
              between(64, 100'000)),
        field("disk_mb", &CreateSession::disk_mb, "that the desk may write, MiB, up to the server's bound",
              between(16, 1 << 24)),
        field("workspace", &CreateSession::workspace,
              "one of your own, by name: at /workspace, and kept when the desk ends; made on its first use",
              json::text_rule(1, 64, why_no_workspace)),
        field("home", &CreateSession::home, "whether HOME is kept in the workspace, too"),
        field("shared", &CreateSession::shared,
              "whether others that say so may have the workspace at the same time"),
        field("key", &CreateSession::key,
              "your own name for it: the same key answers the same session (200), with a new desk if its own "
              "is no more",
              length_between(1, 200)),
        field("wait_seconds", &CreateSession::wait_seconds,
              "how long to stand in the line when no desk is free, instead of 503 at once", between(0, 3600)),
        field(
            "on_idle", &CreateSession::on_idle,
            "what becomes of a desk that nobody uses: freeze keeps its memory, sleep only its files, destroy "
            "nothing",
            one_of({"freeze", "sleep", "destroy"})),
        field("idle_seconds", &CreateSession::idle_seconds, "until that; 0: never", between(0, longest_life)),
        field("max_age_seconds", &CreateSession::max_age_seconds,
              "after which the session ends, whatever it does; 0: never", between(0, longest_life)),
    };
    for (auto& more : beginning_fields_of<CreateSession>()) fields.push_back(std::move(more));
    return fields;
}

}  // namespace

const json::Shape<CreateSession>& create_session_shape() {
    static const json::Shape<CreateSession> shape{create_session_fields()};
    return shape;
}

const json::Shape<ListSessions>& list_sessions_shape() {
    static const json::Shape<ListSessions> shape{
        field("limit", &ListSessions::limit, "most sessions", between(1, 100)).with_default(),
        field("offset", &ListSessions::offset, "how many of the newest are left out",
              between(0, 1'000'000'000))
            .with_default(),
        field("include_archived", &ListSessions::include_archived, "also those that were deleted")
            .with_default(),
        field("all", &ListSessions::all, "those of all users; for admins").with_default()};
    return shape;
}

const json::Shape<GetSession>& get_session_shape() {
    static const json::Shape<GetSession> shape{
        field("messages", &GetSession::messages, "false leaves the messages out, which may be many")
            .with_default()};
    return shape;
}

const json::Shape<RenameSession>& rename_session_shape() {
    static const json::Shape<RenameSession> shape{
        field("title", &RenameSession::title, "shown in lists", length_between(1, most_title))};
    return shape;
}

const json::Shape<DeleteSession>& delete_session_shape() {
    static const json::Shape<DeleteSession> shape{
        field("purge", &DeleteSession::purge, "removes its history and pictures too").with_default()};
    return shape;
}

const json::Shape<CleanUp>& clean_up_shape() {
    static const json::Shape<CleanUp> shape{
        field("max_idle", &CleanUp::max_idle, "seconds without use and work", between(0, longest_life))
            .with_default()};
    return shape;
}

const json::Shape<SendMessage>& send_message_shape() {
    static const json::Shape<SendMessage> shape{
        field("content", &SendMessage::content, "what the agent shall do", length_between(1, 10000))};
    return shape;
}

const json::Shape<ListEvents>& list_events_shape() {
    static const json::Shape<ListEvents> shape{
        field("after", &ListEvents::after, "only those with a higher number", between(0, largest_number))
            .with_default(),
        field("limit", &ListEvents::limit, "most events", between(1, 1000)).with_default()};
    return shape;
}

const json::Shape<FollowEvents>& follow_events_shape() {
    static const json::Shape<FollowEvents> shape{
        field("last_event_id", &FollowEvents::last_event_id,
              "the last that the client has: what came after it is replayed first; the header Last-Event-ID "
              "goes before it",
              between(0, largest_number))};
    return shape;
}

const json::Shape<FollowSeveral>& follow_several_shape() {
    static const json::Shape<FollowSeveral> shape{
        field("sessions", &FollowSeveral::sessions,
              "ids with commas between them, each perhaps with a colon and the number of the last event that "
              "the client has, such as sess_a:12,sess_b: what came after it is replayed first",
              length_between(1, 4000))};
    return shape;
}

const json::Shape<WatchDesk>& watch_desk_shape() {
    static const json::Shape<WatchDesk> shape{
        field("view_only", &WatchDesk::view_only, "passes no input of the viewer").with_default()};
    return shape;
}

const json::Shape<ReadDeskLog>& read_desk_log_shape() {
    static const json::Shape<ReadDeskLog> shape{
        field("lines", &ReadDeskLog::lines, "most lines: the last are shown", between(1, 2000))
            .with_default()};
    return shape;
}

const json::Shape<SetCredential>& set_credential_shape() {
    static const json::Shape<SetCredential> shape{
        field("provider", &SetCredential::provider, "whose key", one_of(vendors::names_with_key())),
        field("key", &SetCredential::key, "the key; kept in memory only",
              json::text_rule(8, 1000, why_no_word))};
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
