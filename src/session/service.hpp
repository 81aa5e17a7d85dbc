// The session service: what every face of the server (REST, SSE, the page; later MCP and dialects)
// asks. A session is a desk, a conversation and a log of events; a turn is what the agent does for one
// message.
//
// A turn, seen in the log: user_message, message_start, then text, thinking, tool_use, tool_result,
// status, usage as they happen, error when it failed, and always message_complete last, which says
// completed, cancelled, error or interrupted. All of them name the same message_id, which
// send_message answered.
//
// Everything is asked in the name of a principal; what that one does not reach is not_found. A task of
// this service may be cancelled (its client went away) at any time: what it began is finished anyway.
#pragma once

#include <chrono>
#include <functional>
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
#include "session/locks.hpp"
#include "session/models.hpp"
#include "session/reaper.hpp"
#include "session/turns.hpp"
#include "session/usage.hpp"
#include "session/uses.hpp"
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
    std::optional<std::string> key;  ///< the principal's name for it: the same one answers the same session
    store::Lifetime lifetime;
    std::chrono::seconds wait{0};  ///< for a place, where there is none
    std::optional<core::DeskBeginning> beginning;
};

/// A session as it is now.
struct Session {
    store::SessionRow row;
    bool is_busy = false;  ///< a turn is on its way
    ViewerCounts viewers;
    Rest rest;
    std::size_t queue_position = 0;  ///< from 1 on while it waits for a desk; else 0
};

struct Sessions {
    std::vector<Session> sessions;  ///< newest first
    std::int64_t total = 0;
};

struct Created {
    Session session;
    bool is_new = true;      ///< false: one that its key names
    bool was_warm = false;   ///< its desk came from the pool
    fleet::Timings timings;  ///< for the Server-Timing header
};

/// What holds for all sessions.
struct SessionRules {
    core::DeskShape new_desk;                ///< what a desk is like when nobody says it
    core::DeskBeginning new_beginning = {};  ///< and how it begins
    /// The most that a desk may be asked to have.
    core::Limits most{.cpus = 1000, .memory = 1ull << 50, .processes = 100'000, .disk = 1ull << 50};
    std::function<ops::UserLimits(const std::string& user)> limits_of = {};
    LifetimeRules lifetime;
};

struct CleanedUp {
    std::size_t ended = 0;
    std::size_t left = 0;  ///< sessions with a desk
};

/// What a server's end leaves.
struct Drained {
    std::size_t turns_cut = 0;
    std::size_t desks = 0;  ///< kept, or destroyed
};

struct Detail {
    Session session;
    std::vector<Message> messages;
};

class SessionService {
public:
    /// `pool` does what would hold up the loop. All references must outlive the service.
    SessionService(async::Executor executor, async::Pool& pool, store::Store& store, fleet::Fleet& fleet,
                   const core::Clock& clock, const Models& models, SessionRules rules);
    SessionService(const SessionService&) = delete;
    SessionService& operator=(const SessionService&) = delete;

    /// Takes over what an earlier server left: ends turns that were cut, adopts desks, puts the store in
    /// order; of the last two the slow part goes on behind. Before anything else.
    Task<> start();
    /// Takes no new work from now on (unavailable, reason "draining"), lets turns end between two actions,
    /// and returns when all have ended. Cancelling it hurries: shutdown() cuts what is left.
    Task<> drain();
    /// Ends turns (as interrupted) and followers; desks live on, or with `destroy` all are ended, warm ones
    /// too.
    Task<Drained> shutdown(bool destroy = false);

    /// Answers when the desk is ready. Throws invalid (unknown provider), exhausted (no desk is free),
    /// or why the desk could not be made; then there is no session either. With a key that the principal has
    /// given before it answers that session, with a new desk if its own is no more, however many ask at
    /// once. With Wish::wait it may stand in a line first, where the session is already to be seen; a caller
    /// who goes away then leaves it.
    Task<Created> create(Principal principal, Wish wish);
    /// With `all`, which is an admin's to ask, those of everybody.
    Task<Sessions> list(Principal principal, bool include_archived, std::int64_t limit, std::int64_t offset,
                        bool all = false);
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

    /// The desk's endpoint, for the proxy and VNC: the desk counts as used as long as it is held. A frozen
    /// desk is woken, and one that sleeps is made anew of its files, for all who ask at once. Throws
    /// unavailable or conflict with the desk's reason while it is not ready, and conflict (reason "paused")
    /// for a paused one, unless `wake`. It stays usable after the desk's end, and then fails.
    Task<std::shared_ptr<net::Handler>> desk(Principal principal, std::string id, bool wake = false);
    /// Stops the desk's programs where they are; its last picture is kept. Throws conflict (reason "busy")
    /// during a turn, and for a desk that sleeps (reason "desk_asleep").
    Task<Session> pause(Principal principal, std::string id);
    Task<Session> resume(Principal principal, std::string id);
    /// Nothing while the desk is not paused, or has none.
    Task<std::optional<store::Blob>> paused_picture(Principal principal, std::string id);
    bool is_paused(const std::string& id) const;
    /// Ends the sessions of everybody whose desks have been idle for so long.
    Task<CleanedUp> clean_up(std::chrono::seconds max_idle);
    /// Who waits for a desk, of the principal's own sessions, in the order of the line, and how many in all.
    std::vector<fleet::Waiter> waiting(const Principal& principal) const;
    std::size_t waiting_count() const { return fleet_.places().waiting().size(); }
    /// Of every principal: whoever asks names his caller's.
    fleet::Workspaces& workspaces() { return fleet_.workspaces(); }
    /// The last `most` lines of what its desk's programs said, and those of the desk that this one has
    /// replaced; of archived sessions too.
    Task<SaidLines> desk_log(Principal principal, std::string id, std::size_t most);
    /// What the session has used and its desk uses; of archived sessions too.
    Task<SessionUsage> usage(Principal principal, std::string id);
    /// Replaces a desk that failed, was lost, is hung or cannot be woken by a new one. Throws conflict while
    /// it is well.
    Task<Session> renew_desk(Principal principal, std::string id);

    /// Hears of each session that was made: the steps of its desk's start, and how long all took.
    using CreationObserver =
        std::function<void(const fleet::Started& started, std::chrono::steady_clock::duration took)>;
    /// In place of the last. It must not throw.
    void watch_creations(CreationObserver observer) { creation_observer_ = std::move(observer); }
    /// How many in a row could not be made until now, for another reason than that the server is full.
    std::size_t failed_creations() const { return failed_creations_; }

    /// Throws why nothing could be stored now (see store::Store::check).
    Task<> check_store() { return store_.check(); }
    /// What a new desk of that user is like when nobody says it: never larger than they may ask for.
    core::DeskShape new_desk(const std::string& user) const;
    /// How a new desk begins when nobody says it.
    const core::DeskBeginning& new_beginning() const { return rules_.new_beginning; }
    /// Who looks at sessions' desks; whoever shows one enters here.
    Viewers& viewers() { return viewers_; }
    /// Who uses their desks otherwise; whoever follows one's events enters here.
    Uses& uses() { return uses_; }
    std::vector<fleet::PoolState> pools() const { return fleet_.pools(); }
    /// How many turns are on their way.
    std::size_t busy_count() const { return turns_.size(); }

private:
    /// Which sessions count as there.
    enum class Looked { active, archived_too, purged_too };

    Task<store::SessionRow> row_of(Principal principal, std::string id, Looked looked = Looked::active);
    Session view(store::SessionRow row) const;
    const store::DeskRow& desk_of(const store::SessionRow& row) const;

    Task<> purge_those_who_waited();
    void refuse_while_draining() const;
    core::Limits most_of(const std::string& user) const;
    void judge(const std::string& user, const core::DeskShape& shape) const;
    Task<Created> create_or_get(Principal principal, Wish wish);
    Task<Created> come_back(store::SessionRow row, fleet::Place place);
    std::function<void(std::size_t)> teller_of_line(std::function<void(store::Transaction&)> first,
                                                    std::string id) const;
    store::SessionRow new_row(const Principal& principal, const Wish& wish) const;
    Task<fleet::Place> find_place(store::SessionRow row, Wish wish, bool& is_stored);
    Task<Created> create_new(Principal principal, Wish wish, Locks::Held lock);
    Task<Created> create_now(store::SessionRow row, fleet::DeskWish desk, bool is_stored, Locks::Held lock);
    Task<std::string> take_picture(std::string id);
    void refuse_busy(const std::string& id) const;
    Task<Session> pause_now(store::SessionRow row);
    core::DeskBeginning after_sleep() const;
    Task<> wake_desk(std::string id);
    Task<> end_for_good(std::string id, std::string code, std::string why);
    Task<> remove_now(store::SessionRow row, bool purge, std::optional<store::Event> last_word = {});
    Task<> purge(std::string id);
    bool has_desk(const std::string& id) const;
    core::DeskShape shape_of_next(const store::SessionRow& row) const;
    Task<Session> renew_now(store::SessionRow row, fleet::Place place = {});
    Task<fleet::Started> start_desk(fleet::DeskWish wish, std::function<void(store::Transaction&)> along);
    Task<std::string> begin_turn(store::SessionRow row, std::string content);

    async::Pool& pool_;
    store::Store& store_;
    fleet::Fleet& fleet_;
    const core::Clock& clock_;
    const Models& models_;
    SessionRules rules_;
    DeskLogs desk_logs_;
    Turns turns_;
    Viewers viewers_;
    Uses uses_;
    Locks keys_;  ///< by principal and key: one at a time makes a session
    Reaper reaper_;
    bool is_draining_ = false;
    CreationObserver creation_observer_;
    std::size_t failed_creations_ = 0;
    std::set<std::string> leaving_;  ///< sessions that are being removed
    async::Gate left_;               ///< one of them is gone, or stays
    async::Scope scope_;
};

}  // namespace carrel::session
