// A turn's beginning and end as rows: what the log tells and what the model will read change together or not
// at all. Each works inside of a transaction, on the store's thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.hpp"
#include "store/transaction.hpp"

namespace carrel::session {

/// Marks the turn as begun, with the person's message in the log and in the history. A turn before it that
/// nobody ended is ended as interrupted. Answers the number of the turn's first event.
std::int64_t begin_turn(store::Transaction& t, const std::string& session_id, const std::string& message_id,
                        const std::string& content, core::Instant now);

/// Ends a turn that a server was cut in: as interrupted. Calls that ran keep their results, the others are
/// told to be interrupted, in the log and in the history. False when the session has no such turn.
bool end_cut_turn(store::Transaction& t, const std::string& session_id, const std::string& message_id,
                  core::Instant now);

/// Gives a result to each call that the log tells from event `first` on and that has none.
void answer_told_calls(store::Transaction& t, const std::string& session_id, std::int64_t first,
                       core::Instant now);

}  // namespace carrel::session
