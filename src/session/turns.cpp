#include "session/turns.hpp"

#include "core/error.hpp"
#include "core/id.hpp"
#include "core/log.hpp"
#include "session/conversation.hpp"
#include "session/refusals.hpp"
#include "session/stored_transcript.hpp"
#include "session/turn_events.hpp"

namespace carrel::session {

using core::Code;
using core::Error;

Turns::Turns(RunningTurn::Surroundings around, const Models& models)
    : around_{around}, models_{models}, scope_{around.executor} {}

Task<> Turns::interrupt_all() {
    for (const auto& [id, turn] : turns_) turn->cancel(true);
    while (!turns_.empty()) {
        const auto turn = turns_.begin()->second;
        try {
            co_await turn->wait();
        } catch (const Error&) {
            // Its end cannot be stored: the next server will end it. It goes in a moment.
        }
        co_await async::yield_turn();
    }
}

Task<std::string> Turns::begin(store::SessionRow row, std::string content) {
    if (const auto found = turns_.find(row.id); found != turns_.end()) {
        found->second->throw_problem();
        throw Error{Code::conflict,
                    "the session is busy with the last message: wait for its end, or cancel it", "busy"};
    }
    if (!around_.fleet.find_endpoint(row.id)) throw not_ready(row.desk);
    auto model = models_.make(row.principal, {row.provider, row.model});

    const auto message_id = core::make_id("msg_");
    const auto turn = std::make_shared<RunningTurn>(around_, row, message_id, content, std::move(model));
    turns_[row.id] = turn;  // from here on the session is busy
    const auto now = around_.clock.now();
    try {
        co_await around_.store.run([=, session = row.id](store::Transaction& t) {
            t.set_turn(session, message_id, now);
            t.append_event(session, "user_message", user_message_data(message_id, content, now));
            t.append_event(session, "message_start", message_start_data(message_id, now));
        });
    } catch (...) {
        turn->abandon();
        turns_.erase(row.id);
        throw;
    }
    scope_.start("turn " + message_id, run(turn));
    co_return message_id;
}

Task<> Turns::run(std::shared_ptr<RunningTurn> turn) {
    co_await turn->run();
    turns_.erase(turn->session_id());
}

Task<Cancelled> Turns::cancel(std::string session_id) {
    const auto found = turns_.find(session_id);
    if (found == turns_.end()) co_return Cancelled::was_not_processing;
    const auto turn = found->second;
    turn->cancel(false);
    co_await turn->wait();
    co_return Cancelled::yes;
}

// --- after a crash ----------------------------------------------------------------------------------

Task<> Turns::end_cut_turns() {
    const auto cut = co_await around_.store.run([](store::Transaction& t) { return t.sessions_with_turn(); });
    for (const auto& row : cut) {
        try {
            co_await end_cut_turn(row);
        } catch (const Error& error) {
            // A full disk must not keep the server, with all other sessions, from starting.
            core::log_error("session {}: a turn that was cut cannot be ended: {}", row.id, error.message());
        }
    }
}

Task<> Turns::end_cut_turn(store::SessionRow row) {
    core::log_info("session {}: a turn that was cut is ended", row.id);
    auto transcript = co_await StoredTranscript::load(around_.store, row.id);
    co_await agent::heal(transcript);
    const auto now = around_.clock.now();
    co_await around_.store.run([=, id = row.id](store::Transaction& t) {
        for (const auto& call : find_unanswered_calls(t.events_after(id, 0, -1)))
            t.append_event(id, "tool_result", unanswered_call_data(call, now));
        t.append_event(id, "error", error_data("the server ended during this turn", "interrupted", now));
        t.append_event(id, "message_complete", message_complete_data(*row.turn, "interrupted", now));
        t.set_turn(id, std::nullopt, now);
    });
}

}  // namespace carrel::session
