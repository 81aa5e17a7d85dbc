// All desks of this server.
//
//                  driver.start, GET /hello, GET /ready
//     starting ────────────────────────────────────────▶ ready ──── stop() ────▶ stopped
//        │                                                  │
//        └──────── any of them fails ──▶ failed ◀── it ends ┘
//     any of them ── not what identity.json and its row say, at the next start ──▶ lost
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

#include "async/scope.hpp"
#include "async/task.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "fleet/adoption.hpp"
#include "fleet/driver.hpp"
#include "fleet/member.hpp"
#include "net/http.hpp"
#include "store/store.hpp"

namespace carrel::fleet {

struct FleetOptions {
    unsigned most_desks = 20;
    Patience patience;
};

/// A new desk, as asked for.
struct DeskWish {
    std::string session_id;
    std::string principal;
    core::DeskShape shape;
};

struct Started {
    store::DeskRow desk;
    Timings timings;
};

class Fleet {
public:
    Fleet(async::Executor executor, Driver& driver, store::Store& store, const core::Clock& clock,
          FleetOptions options);
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    /// Compares rows with what the driver finds on the host: adopts what is ours, removes the rest. Returns
    /// when all that is done, or after Patience::before_serving with the slow ones still being asked.
    Task<> recover();
    /// Makes a desk and answers when it is ready. `along` goes into the commit of the desk's row, before
    /// it (the session's own row). Throws exhausted before any commit; later failures leave a row
    /// `failed`, nothing on the host, and the reason in the Error. Run it under async::shield: a caller
    /// that goes away must not leave half a desk.
    Task<Started> start(DeskWish wish, std::function<void(store::Transaction&)> along);
    /// Destroys the session's desk, if any; returns when every process of it is dead. `along` goes into
    /// the commit that precedes the end. A desk that is being started is waited for; one that an earlier
    /// server left is not.
    Task<> stop(std::string session_id, std::function<void(store::Transaction&)> along);

    /// The endpoint of the session's desk, or null when none is ready.
    std::shared_ptr<net::Handler> find_endpoint(const std::string& session_id) const;
    /// The row of the session's desk, or null when it has none that is starting, ready or ending.
    const store::DeskRow* find_desk(const std::string& session_id) const;
    /// What the programs of desks said, of those that have ended too.
    const DeskLogs& logs() const { return driver_.logs(); }
    /// Desks that are starting, ready or ending.
    std::size_t size() const { return members_.size(); }

    /// Stops watching; desks live on.
    Task<> close();

private:
    using Duration = std::chrono::milliseconds;
    using Along = std::function<void(store::Transaction&)>;
    using MemberPtr = std::shared_ptr<Member>;

    MemberPtr find(const std::string& session_id) const;
    MemberPtr admit(const DeskWish& wish);
    MemberPtr enroll(store::DeskRow row);
    Task<> commit_row(MemberPtr member, Along along, Timings& timings);
    Task<> launch(MemberPtr member, Timings& timings);
    Task<core::Error> clear_failed(MemberPtr member, core::Error error);
    void enter(const MemberPtr& member);
    void watch_end(const MemberPtr& member);
    Task<> end_by_itself(MemberPtr member);
    Task<> finish_off(MemberPtr member);
    void leave(const MemberPtr& member);
    /// Its row says so from then on, and what was reserved for it is free.
    Task<> set_removed(std::string id, unsigned reservation);

    /// What is to be adopted is a member when this returns.
    Task<> recover_one(Remedy remedy);
    MemberPtr enroll_left_over(store::DeskRow row);
    Task<> adopt(MemberPtr member);
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
    std::map<std::string, MemberPtr> members_;            ///< by the desk's id
    std::map<std::string, std::string> desk_of_session_;  ///< the member that a session has now
    async::Scope scope_;
};

}  // namespace carrel::fleet
