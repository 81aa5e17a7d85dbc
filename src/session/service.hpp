// The session service: what every face of the server (REST, SSE, the page; later MCP and dialects)
// asks. A session is a desk, a conversation and a log of events; a turn is what the agent does for one
// message.
//
// A turn, seen in the log: user_message, message_start, then text, thinking, tool_use, tool_result,
// status, usage as they happen, error when it failed, and always message_complete last, which says
// completed, cancelled, error or interrupted. All of them name the same message_id, which
// send_message answered.
//
// Everything is asked in the name of a principal; what belongs to another one is not_found. A task of
// this service may be cancelled (its client went away) at any time: what it began is finished anyway.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/run_on.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "core/clock.hpp"
#include "fleet/fleet.hpp"
#include "net/http.hpp"
#include "ops/principal.hpp"
#include "session/conversation.hpp"
#include "session/desk_logs.hpp"
#include "session/models.hpp"
#include "session/turns.hpp"
#include "session/viewers.hpp"
#include "store/store.hpp"

namespace carrel::session {

using async::Task;
using ops::Principal;

/// What a new session shall be; what is absent is the server's default.
struct Wish {
    std::optional<std::string> title;
    std::optional<std::string> provider;
    std::optional<std::string> model;
    std::string system_prompt_suffix;
    std::optional<core::DeskShape> desk;
};

/// A session as it is now.
struct Session {
    store::SessionRow row;
    bool is_busy = false;  ///< a turn is on its way
    ViewerCounts viewers;
};

struct Sessions {
    std::vector<Session> sessions;  ///< newest first
    std::int64_t total = 0;
};

struct Created {
    Session session;
    fleet::Timings timings;  ///< for the Server-Timing header
};

struct Detail {
    Session session;
    std::vector<Message> messages;
};

class SessionService {
public:
    /// `pool` does what would hold up the loop. All references must outlive the service.
    /// `new_desk`: what a desk is like when nobody says it.
    SessionService(async::Executor executor, async::Pool& pool, store::Store& store, fleet::Fleet& fleet,
                   const core::Clock& clock, const Models& models, core::DeskShape new_desk);
    SessionService(const SessionService&) = delete;
    SessionService& operator=(const SessionService&) = delete;

    /// Takes over what an earlier server left: ends turns that were cut, adopts desks, puts the store in
    /// order; of the last two the slow part goes on behind. Before anything else.
    Task<> start();
    /// Ends turns (as interrupted) and followers; desks live on.
    Task<> shutdown();

    /// Answers when the desk is ready. Throws invalid (unknown provider), exhausted (no desk is free),
    /// or why the desk could not be made; then there is no session either.
    Task<Created> create(Principal principal, Wish wish);
    Task<Sessions> list(Principal principal, bool include_archived, std::int64_t limit, std::int64_t offset);
    /// Throws not_found also for an archived session, as every call below but events and blob.
    Task<Session> get(Principal principal, std::string id);
    Task<Detail> get_with_messages(Principal principal, std::string id);
    Task<Session> rename(Principal principal, std::string id, std::string title);
    /// Ends the turn and destroys the desk. The history stays (archived), unless it is purged; an archived
    /// session can still be purged, and a purge that failed be asked for again.
    Task<> remove(Principal principal, std::string id, bool purge);

    /// Begins a turn; answers its message_id. Throws conflict (a turn is on its way, or the desk is not
    /// ready), unavailable (reason "no_model_key": the provider needs a key and there is none).
    Task<std::string> send_message(Principal principal, std::string id, std::string content);
    /// Returns when the turn has ended.
    Task<Cancelled> cancel(Principal principal, std::string id);

    /// Stored events with seq > after; of archived sessions too.
    Task<std::vector<store::Event>> events_after(Principal principal, std::string id, std::int64_t after,
                                                 std::int64_t limit);
    /// From after `after` on; without it only what comes.
    Task<store::EventFollower> follow(Principal principal, std::string id, std::optional<std::int64_t> after);
    /// A picture of that session; of archived sessions too. Throws not_found.
    Task<store::Blob> blob(Principal principal, std::string id, std::string hash);

    /// The desk's endpoint, for the proxy and VNC. Throws unavailable or conflict with the desk's reason
    /// while it is not ready. It stays usable after the desk's end, and then fails.
    Task<std::shared_ptr<net::Handler>> desk(Principal principal, std::string id);
    /// The last `most` lines of what its desk's programs said, and those of the desk that this one has
    /// replaced; of archived sessions too.
    Task<SaidLines> desk_log(Principal principal, std::string id, std::size_t most);
    /// Replaces a desk that failed, was lost or is hung by a new one. Throws conflict while it is well.
    Task<Session> renew_desk(Principal principal, std::string id);

    /// Throws why nothing could be stored now (see store::Store::check).
    Task<> check_store() { return store_.check(); }
    /// What a new desk is like when nobody says it.
    const core::DeskShape& new_desk() const { return new_desk_; }
    /// Who looks at sessions' desks; whoever shows one enters here.
    Viewers& viewers() { return viewers_; }
    /// How many turns are on their way.
    std::size_t busy_count() const { return turns_.size(); }

private:
    /// Which sessions count as there.
    enum class Looked { active, archived_too, purged_too };

    Task<store::SessionRow> row_of(Principal principal, std::string id, Looked looked = Looked::active);
    Session view(store::SessionRow row) const;
    const store::DeskRow& desk_of(const store::SessionRow& row) const;

    Task<Created> create_now(Principal principal, Wish wish);
    Task<> remove_now(store::SessionRow row, bool purge);
    Task<> purge(std::string id);
    Task<Session> renew_now(store::SessionRow row);
    Task<fleet::Started> start_desk(fleet::DeskWish wish, std::function<void(store::Transaction&)> along);
    Task<std::string> begin_turn(store::SessionRow row, std::string content);

    async::Pool& pool_;
    store::Store& store_;
    fleet::Fleet& fleet_;
    const core::Clock& clock_;
    const Models& models_;
    core::DeskShape new_desk_;
    DeskLogs desk_logs_;
    Turns turns_;
    Viewers viewers_;
    std::set<std::string> leaving_;  ///< sessions that are being removed
    async::Scope scope_;
};

}  // namespace carrel::session
