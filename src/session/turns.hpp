// The turns that are on their way: at most one of a session.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/scope.hpp"
#include "async/task.hpp"
#include "session/models.hpp"
#include "session/running_turn.hpp"
#include "store/rows.hpp"

namespace carrel::session {

enum class Cancelled { yes, was_not_processing };

class Turns {
public:
    /// What is referred to outlives this.
    Turns(RunningTurn::Surroundings around, const Models& models);

    /// Ends the turns that an earlier server was cut in: as interrupted. Those whose end does not fit on the
    /// disk are tried again behind, until it does; the session's next message ends them, too.
    Task<> end_cut_turns();

    /// Begins a turn; answers its message_id. Throws conflict (a turn is on its way, or the desk is not
    /// ready), unavailable (reason "no_model_key"), invalid (reason "empty_message"). Run it under
    /// async::shield: what it began is finished.
    Task<std::string> begin(store::SessionRow row, std::string content);
    /// Returns when the session's turn, if any, has ended. Throws as RunningTurn::wait.
    Task<Cancelled> cancel(std::string session_id);
    /// The same for a session that is to be removed with its log, and with it room on the disk be made: an
    /// end that cannot be stored is given up.
    Task<> drop(std::string session_id);
    bool is_busy(const std::string& session_id) const { return turns_.contains(session_id); }
    /// How many are on their way.
    std::size_t size() const { return turns_.size(); }

    /// Ends all as interrupted, each between two of its actions; returns when none is on its way.
    Task<> end_soon();
    /// Ends all at once, as interrupted.
    Task<> interrupt_all();
    /// After interrupt_all(), when nobody begins a turn any more.
    Task<> close() { return scope_.close(); }

private:
    Task<> run(std::shared_ptr<RunningTurn> turn);
    Task<> wait_for_all();
    Task<bool> try_to_end(std::vector<store::SessionRow>& cut);
    Task<> keep_ending(std::vector<store::SessionRow> cut);

    RunningTurn::Surroundings around_;
    const Models& models_;
    std::map<std::string, std::shared_ptr<RunningTurn>> turns_;  ///< by session
    async::Scope scope_;
};

}  // namespace carrel::session
