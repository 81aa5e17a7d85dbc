// Looks after desks that nobody uses: freezes them, puts them to sleep or ends their sessions, and says what
// keeps a desk awake.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "async/task.hpp"
#include "core/clock.hpp"
#include "fleet/fleet.hpp"
#include "session/idleness.hpp"
#include "session/turns.hpp"
#include "session/uses.hpp"
#include "session/viewers.hpp"
#include "store/store.hpp"

namespace carrel::session {

/// What holds for sessions that say nothing else.
struct LifetimeRules {
    store::OnIdle on_idle = store::OnIdle::freeze;
    std::chrono::seconds idle{3600};  ///< without use and work until on_idle; 0: never
    std::chrono::seconds max_age{0};  ///< of a session, whatever it does; 0: none
    /// Without use, of a session whose desk sleeps: then it ends. Counted from the server's start, if that is
    /// later than the last use. 0: none.
    std::chrono::seconds most_asleep{std::chrono::days{30}};
    std::chrono::seconds grace{60};  ///< between the event that tells of a session's end and the end
    std::chrono::milliseconds interval{300'000};  ///< between two looks; shorter where a limit is
};

/// How a desk's rest stands, for its session's answers.
struct Rest {
    std::optional<core::Instant> idle_since;  ///< none: it is in use, or has no desk
    std::vector<std::string> awake;           ///< what keeps it awake, as sentences
};

class Reaper {
public:
    struct Surroundings {
        async::Executor executor;
        store::Store& store;
        fleet::Fleet& fleet;
        const core::Clock& clock;
        Uses& uses;
        const Viewers& viewers;
        const Turns& turns;
    };
    /// Ends a session for good, and tells in its log why: a code and a sentence.
    using End = std::function<Task<>(std::string session, std::string code, std::string why)>;

    Reaper(Surroundings around, LifetimeRules rules, End end);

    /// Until it is cancelled or stopped.
    Task<> run();
    /// Beside a cancellation, which is not seen while it is at the end of a session.
    void stop() {
        is_stopped_ = true;
        changed_.notify_all();
    }
    /// A session has come: its limits may be shorter than the pause between two looks.
    void expect(const store::Lifetime& lifetime);
    /// Looks at every desk now.
    Task<> look();
    Rest rest_of(const std::string& session) const;
    /// Ends the sessions that have been idle for so long, of everybody; how many.
    Task<std::size_t> end_idle(std::chrono::seconds max_idle);
    const LifetimeRules& rules() const { return rules_; }

private:
    using Time = std::chrono::steady_clock::time_point;

    struct Watched {
        Time last_active;
        Time first_seen;
        std::chrono::milliseconds age_then{0};  ///< a clock that is set later ends nobody
        std::optional<fleet::Usage> usage;
        Time measured;
        std::vector<std::string> work;  ///< what its programs did at the last look
        std::optional<Time> warned;     ///< of its end
        std::string warned_of;          ///< "idle" or "max_age"
    };

    Task<> look_at(store::SessionRow row);
    Task<> measure(const std::string& session, Watched& watched);
    Task<std::optional<BusyProcess>> find_busiest(std::string session);
    std::vector<std::string> signs_of_use(const std::string& session) const;
    Task<> rest(const store::SessionRow& row, Time seen, bool sleeps, std::string_view idle);
    Task<> act(const store::SessionRow& row, Watched& watched, store::DeskState state);
    /// Whether it is as old as it may be, or so nearly that it has been told.
    Task<bool> end_if_old(const store::SessionRow& row, Watched& watched);
    Task<> end_after_grace(const store::SessionRow& row, Watched& watched, std::string what, std::string why);
    std::chrono::milliseconds pause_within(const store::Lifetime& lifetime,
                                           std::chrono::milliseconds pause) const;
    std::chrono::milliseconds pause_for(const std::vector<store::SessionRow>& rows) const;
    Time last_active(const std::string& session, const Watched& watched) const;

    Surroundings around_;
    LifetimeRules rules_;
    End end_;
    std::map<std::string, Watched> watched_;  ///< by session
    std::chrono::milliseconds pause_{0};
    bool is_hurried_ = false;
    bool is_stopped_ = false;
    async::Gate changed_;
    bool is_looking_ = false;
    async::Gate looked_;
    /// The same moment by both clocks: what one tells is told by the other, always alike.
    core::Instant began_;
    Time began_steady_;
};

}  // namespace carrel::session
