// All desks of this server.
//
//                  driver.start, GET /hello, GET /ready                 freeze()
//     starting ────────────────────────────────────────▶ ready ◀─────────────────▶ frozen, paused
//        │ │                                               │          wake()             │
//        │ └─▶ warm ── start() of a session ───────────────┼─▶ …                         │
//        │       │                                         ├──── stop() ──▶ stopped ◀────┘
//        └───────┴────── any of them fails ──▶ failed ◀────┘ it ends
//     ready ── sleep(): its processes end, its files stay ──▶ asleep ── wake(): made anew of them ──▶
//     starting any of them ── not what identity.json and its row say, at the next start ──▶ lost
//
// A desk that sleeps has no process, no reservation and no place; the row keeps its id, by which the driver
// knows the files. What is made of them has the same row, with another nonce and reservation. A server that
// is cut while a desk goes to sleep or wakes leaves one that sleeps.
//
// A warm desk is made ahead, of no session, and frozen once it is ready (stock.cpp). Taking one is a change
// of its owner. A desk that somebody had never becomes warm again.
//
// A desk that an earlier server left and that is ours is never ended for being slow: until it answers it is
// `starting` again, from `hung` on with the code desk_hung, and it is asked until it is well, ends, or
// somebody ends it.
//
// A desk's row is committed before anything of it exists, and says `removed` only after the driver
// confirmed that nothing is left; until then what the driver has reserved for it stays reserved. Each
// change of state is an event `desk` in the session's log, in the same commit. Desks outlive this object.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/scope.hpp"
#include "async/task.hpp"
#include "core/clock.hpp"
#include "core/desk_beginning.hpp"
#include "core/error.hpp"
#include "fleet/adoption.hpp"
#include "fleet/demand.hpp"
#include "fleet/driver.hpp"
#include "fleet/member.hpp"
#include "fleet/places.hpp"
#include "net/http.hpp"
#include "store/store.hpp"

namespace carrel::fleet {

/// Warm desks of one image.
struct PoolOptions {
    PoolBounds bounds;
    core::DeskShape shape;  ///< what they are like; its image is the pool's
};

struct FleetOptions {
    Caps of_all{.desks = 20};
    Places::CapsOf of_one;  ///< none: nobody has caps of his own
    Patience patience;
    std::vector<PoolOptions> pools;  ///< at most one of an image
    /// So often the pools are looked after, beside whenever one was taken.
    std::chrono::milliseconds pool_interval{30'000};
};

/// A new desk, as asked for.
struct DeskWish {
    std::string session_id;
    std::string principal;
    core::DeskShape shape;
    Place place;  ///< of Fleet::places; none: one is taken, or the start refused
    core::DeskBeginning beginning;
};

struct Started {
    store::DeskRow desk;
    Timings timings;
    bool was_warm = false;
};

/// A pool as it is now.
struct PoolState {
    std::string image;
    PoolBounds bounds;
    std::size_t ready = 0;   ///< can be taken
    std::size_t making = 0;  ///< will be ready
    unsigned wanted = 0;     ///< by what was asked for lately
};

class Fleet {
public:
    Fleet(async::Executor executor, Driver& driver, store::Store& store, const core::Clock& clock,
          FleetOptions options);
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    /// Compares rows with what the driver finds on the host: adopts what is ours, removes the rest. Returns
    /// when all that is done, or after Patience::before_serving with the slow ones still being asked. From
    /// then on the pools are kept.
    Task<> recover();
    /// Takes a warm desk or makes one, and answers when it is ready. `along` goes into the commit of the
    /// desk's row, before it (the session's own row). Throws exhausted before any commit; later failures
    /// leave a row `failed`, nothing on the host, and the reason in the Error. Run it under async::shield: a
    /// caller that goes away must not leave half a desk.
    Task<Started> start(DeskWish wish, std::function<void(store::Transaction&)> along);
    /// Destroys the session's desk, if any; returns when every process of it is dead. `along` goes into
    /// the commit that precedes the end. A desk that is being started is waited for; one that an earlier
    /// server left is not.
    Task<> stop(std::string session_id, std::function<void(store::Transaction&)> along);

    /// Returns when the session's desk is no longer being made, or there is none.
    Task<> settled(std::string session_id);
    /// Ends all, warm ones too, and makes no more. When nobody starts one any more.
    Task<> end_all(Ending why);

    /// Stops every process of the session's desk where it is; its state is `state` (frozen or paused) from
    /// then on. `along` goes into the commit that precedes it. Throws conflict when there is no ready desk,
    /// unavailable where the host cannot freeze.
    Task<> freeze(std::string session_id, store::DeskState state,
                  std::function<void(store::Transaction&)> along);
    /// Lets a frozen or paused desk go on, or makes one that sleeps anew, which then begins as `beginning`
    /// says; returns when it runs. Fine when it does not rest, or there is none. Throws exhausted or
    /// conflict, as start(), or why it could not be made: it sleeps on then. Cancellable; what was begun is
    /// finished.
    Task<> wake(std::string session_id, core::DeskBeginning beginning = {});
    /// Ends the processes of a desk that is ready and keeps its files, if `is_wanted` says so at the last
    /// moment. Throws conflict when there is no ready desk, and what of it failed: it is asleep then all the
    /// same, unless that could not be stored.
    Task<> sleep(std::string session_id, std::function<bool()> is_wanted);
    /// Whether it has a desk whose files can be kept.
    bool can_sleep(const std::string& session_id) const;
    /// What the session's desk uses now; nothing when it has none, or one that cannot be measured.
    Task<std::optional<Usage>> usage(std::string session_id);

    /// The endpoint of the session's desk, or null when none is ready (a frozen one is not).
    std::shared_ptr<net::Handler> find_endpoint(const std::string& session_id) const;
    /// Hears of each desk that has gone without ever having had a session: nothing is known of it any more.
    using WhenForgotten = std::function<void(std::string desk)>;
    void watch_forgotten(WhenForgotten tell) { when_forgotten_ = std::move(tell); }
    /// The row of the session's desk, or null when it has none that is starting, ready, resting, asleep or
    /// ending.
    const store::DeskRow* find_desk(const std::string& session_id) const;
    /// Whether it can be used, at once or after wake().
    bool is_well(const std::string& session_id) const;
    /// What the programs of desks said, of those that have ended too.
    const DeskLogs& logs() const { return driver_.logs(); }
    const Capabilities& capabilities() const { return capabilities_; }
    Workspaces& workspaces() { return driver_.workspaces(); }
    /// Desks that are starting, ready, resting or ending; warm ones too, and not those that sleep.
    std::size_t size() const;
    std::vector<PoolState> pools() const;
    Places& places() { return places_; }
    const Places& places() const { return places_; }
    /// All of them.
    std::vector<std::shared_ptr<Member>> members() const;
    unsigned most_desks() const { return options_.of_all.desks; }

    /// Stops watching; desks live on.
    Task<> close();

private:
    using Duration = std::chrono::milliseconds;
    using Along = std::function<void(store::Transaction&)>;
    using MemberPtr = std::shared_ptr<Member>;

    // --- starting and ending (fleet.cpp)
    MemberPtr find(const std::string& session_id) const;
    MemberPtr enroll(store::DeskRow row);
    store::DeskRow new_row(const core::DeskShape& shape);
    void refuse_taken_workspace(const std::string& principal, const core::DeskShape& wanted) const;
    void refuse_second(const std::string& session_id) const;
    Task<Started> start_cold(DeskWish wish, Along along);
    Task<> make(MemberPtr member, core::DeskBeginning beginning, Along along, Timings& timings);
    Task<> commit_row(MemberPtr member, bool has_beginning, Along along, Timings& timings);
    Task<> launch(MemberPtr member, bool has_kept_files, core::DeskBeginning beginning, Timings& timings);
    Task<core::Error> clear_failed(MemberPtr member, core::Error error);
    void enter(const MemberPtr& member);
    void watch_end(const MemberPtr& member);
    Task<> end(MemberPtr member, Along along, Ending why = {});
    Task<> end_settled(MemberPtr member, Ending why);
    Task<> end_by_itself(MemberPtr member);
    Task<> finish_off(MemberPtr member);
    void leave(const MemberPtr& member);
    /// Its row says so from then on, and what was reserved for it is free.
    Task<> set_removed(std::string id, unsigned reservation);

    // --- warm desks (stock.cpp)
    struct Pool {
        PoolOptions options;
        Demand demand;
        std::chrono::steady_clock::time_point not_before;  ///< a start failed: no other until then
    };
    /// While it lives somebody waits for a desk: no warm one is begun meanwhile.
    struct Asking {
        explicit Asking(Fleet& fleet_) : fleet{fleet_} { ++fleet.asking_; }
        ~Asking() {
            --fleet.asking_;
            fleet.note_pool_change();
        }
        Asking(const Asking&) = delete;
        Asking& operator=(const Asking&) = delete;
        Fleet& fleet;
    };
    void note_pool_change();
    Task<> close_pools();
    Task<> keep_pools();
    /// `shall_look`: also for desks that are no longer of the newest image or program.
    Task<> keep_pool(Pool& pool, bool shall_look);
    Task<> make_warm(const core::DeskShape& shape);
    Task<> warm_up(MemberPtr member);
    Task<> put_to_rest(MemberPtr member);
    MemberPtr take_warm(const core::DeskShape& shape);
    Task<std::optional<Started>> start_warm(MemberPtr member, DeskWish wish, Along along);
    Task<> hand_over(MemberPtr member, bool needs_more, Along along, Timings& timings, bool& is_committed);
    std::vector<MemberPtr> stock_of(const std::string& image) const;
    Pool* find_pool(const std::string& image);

    // --- resting (resting.cpp)
    Task<> change_rest(MemberPtr member, Task<> change);
    Task<> freeze_member(MemberPtr member, store::DeskState state, Along along);
    Task<> try_to_thaw(MemberPtr member);
    Task<> wake_member(MemberPtr member);

    // --- sleeping (sleeping.cpp)
    Task<> put_to_sleep(MemberPtr member, std::function<bool()> is_wanted);
    Task<> lay_down(MemberPtr member);
    Task<> rise_once(MemberPtr member, core::DeskBeginning beginning);
    Task<> rise(MemberPtr member, core::DeskBeginning beginning);
    Task<> sleep_on(MemberPtr member, core::Error error);
    Task<> recover_asleep(MemberPtr member);

    // --- what an earlier server left (recovery.cpp)
    /// What is to be adopted is a member when this returns.
    Task<> recover_one(Remedy remedy);
    MemberPtr enroll_left_over(store::DeskRow row);
    Task<> adopt(MemberPtr member);
    Task<> adopt_warm(MemberPtr member);
    Task<> bring_to_state(MemberPtr member);
    Task<AdoptionStep> try_to_adopt(MemberPtr member, Duration limit);
    Task<> disown(MemberPtr member, std::string why);
    void tell_of_late_ones();
    void tell_unwell(const MemberPtr& member, Ending why);
    void tell_state(const MemberPtr& member, store::DeskState state, const Ending& why);
    Task<> give_up(store::DeskRow row, Ending ending);
    Task<> remove(store::DeskRow row);

    Along state_change(const store::DeskRow& row, store::DeskState state, const Ending& ending) const;
    void tell_notice(const store::DeskRow& row, const Notice& notice);
    void note_screen(const MemberPtr& member, ScreenSize size);
    Task<> store_screen(MemberPtr member);

    async::Executor executor_;
    Driver& driver_;
    store::Store& store_;
    const core::Clock& clock_;
    FleetOptions options_;
    Capabilities capabilities_;
    Places places_;
    std::map<std::string, MemberPtr> members_;            ///< by the desk's id
    std::map<std::string, std::string> desk_of_session_;  ///< the member that a session has now
    std::vector<Pool> pools_;
    std::size_t asking_ = 0;        ///< who waits for a desk
    std::size_t pool_changes_ = 0;  ///< how often a pool may have to be looked after
    async::Gate pools_changed_;
    bool are_pools_closed_ = false;
    WhenForgotten when_forgotten_;
    bool may_be_outdated_ = true;  ///< a warm desk may not be of the newest image or program
    async::Scope scope_;
    async::Scope pool_scope_;  ///< of keep_pools
};

}  // namespace carrel::fleet
