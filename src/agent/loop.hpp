// One turn of an agent: a person's message, then answers of the model and actions on the desk until
// the model has nothing more to do.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "agent/interfaces.hpp"
#include "async/run_on.hpp"

namespace carrel::agent {

struct LoopLimits {
    int answers = 200;  ///< of the model in one turn
};

/// What a turn starts from, beside the history.
struct Assignment {
    Size screen;                ///< of the desk when the turn begins, pixels
    std::string system_suffix;  ///< of the session, added to our own system prompt; may be empty
    LoopLimits limits;
    bool has_display = true;  ///< of the desk; else `screen` says nothing
};

/// How a turn ended.
struct TurnEnd {
    enum class Status { completed, cancelled, failed };
    Status status = Status::completed;
    std::string code;     ///< when failed: stable, such as "authentication_error", "refusal", "max_tokens"
    std::string message;  ///< when failed: a sentence for the person
};

/// The end of a turn that threw: cancelled, or failed with the error's reason and sentence. What is no Error
/// of ours is logged, and the person is only told where to look.
TurnEnd end_of(const std::exception_ptr& failure);

/// Runs a turn. The transcript ends with the person's message, and before that no call lacks its result
/// (healing_message). Each answer is appended before its tools run, and all results of an answer in one
/// message; what the vendor would refuse, now or later, does not get in (agent/rules). What it refuses all
/// the same is told to it otherwise, or taken back, and the sink is told so; pictures that no longer fit are
/// left out.
///
/// Whatever happens is in the TurnEnd: nothing is thrown. When the calling task is cancelled, tool
/// calls without a result are answered as interrupted in the transcript and told to the sink, and the
/// end is `cancelled`; from then on cancellation of that task is switched off, so that the caller can
/// still store the end of the turn.
///
/// All references must outlive the call. `pool` does the base64 of pictures.
Task<TurnEnd> run_turn(Model& model, DeskCalls& desk, Transcript& transcript, Sink& sink, async::Pool& pool,
                       Assignment assignment);

}  // namespace carrel::agent
