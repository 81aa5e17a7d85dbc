// What the agent does for one message, from user_message to message_complete.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/interfaces.hpp"
#include "agent/loop.hpp"
#include "async/gate.hpp"
#include "async/run_on.hpp"
#include "async/scope.hpp"
#include "core/clock.hpp"
#include "fleet/fleet.hpp"
#include "store/store.hpp"

namespace carrel::session {

using async::Task;

/// A turn that is on its way. Its beginning is stored before it is started.
class RunningTurn {
public:
    struct Surroundings {
        async::Executor executor;
        async::Pool& pool;
        store::Store& store;
        const fleet::Fleet& fleet;
        const core::Clock& clock;
    };

    RunningTurn(Surroundings around, store::SessionRow session, std::string message_id,
                std::unique_ptr<agent::Model> model);

    const std::string& session_id() const { return session_.id; }
    const std::string& message_id() const { return message_id_; }

    /// Where its events begin in the log.
    void set_first_event(std::int64_t seq) { first_event_ = seq; }
    /// Runs it, and stores its end.
    Task<> run();
    /// Ends it early; run() returns soon. As `interrupted` when the server ends, else as `cancelled`.
    void cancel(bool is_interruption);
    /// The same as an interruption, but after the action on the desk that it is at.
    void end_soon();
    /// Instead of run(), when its beginning could not be stored.
    void abandon();
    /// Returns when the turn has ended. Throws Error{exhausted, reason "disk_full"} when its end cannot be
    /// stored now; it is tried again and again, and the session is busy until then.
    Task<> wait();
    void throw_problem() const;
    /// Returns when it has ended; an end that cannot be stored is not tried again.
    Task<> give_up();

private:
    void note_action(int change);
    Task<> act();
    Task<agent::TurnEnd> play();
    Task<> store_end(agent::TurnEnd end);
    Task<bool> try_to_store(const agent::TurnEnd& end);
    std::string_view status_of(const agent::TurnEnd& end) const;

    Surroundings around_;
    store::SessionRow session_;
    std::string message_id_;
    std::unique_ptr<agent::Model> model_;
    std::int64_t first_event_ = 0;
    bool is_ending_soon_ = false;
    int acting_ = 0;  ///< actions on the desk that are on their way
    bool is_cancelled_ = false;
    bool is_interrupted_ = false;
    bool is_given_up_ = false;
    bool has_ended_ = false;
    std::string problem_;  ///< why the end is not stored yet
    async::Gate changed_;
    async::Scope scope_;  ///< of act(), so that it can be cancelled while run() waits for it
};

}  // namespace carrel::session
