#include "session/turns.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "core/id.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "session/refusals.hpp"
#include "session/turn_rows.hpp"

namespace carrel::session {

using core::Code;
using core::Error;

Turns::Turns(RunningTurn::Surroundings around, const Models& models)
    : around_{around}, models_{models}, scope_{around.executor} {}

Task<> Turns::end_soon() {
    for (const auto& [id, turn] : turns_) turn->end_soon();
    co_await wait_for_all();
}

Task<> Turns::interrupt_all() {
    for (const auto& [id, turn] : turns_) turn->cancel(true);
    co_await wait_for_all();
}

Task<> Turns::wait_for_all() {
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
    if (core::is_blank(content))
        throw Error{Code::invalid, "the message holds nothing but white space", "empty_message"};
    const auto* known = around_.fleet.find_desk(row.id);
    if (!around_.fleet.find_endpoint(row.id)) throw not_ready(known ? *known : row.desk);
    auto model = models_.make(row.principal, {row.provider, row.model});

    const auto message_id = core::make_id("msg_");
    const auto turn = std::make_shared<RunningTurn>(around_, row, message_id, std::move(model));
    turns_[row.id] = turn;  // from here on the session is busy
    const auto now = around_.clock.now();
    try {
        const auto first = co_await around_.store.run([=, session = row.id](store::Transaction& t) {
            return begin_turn(t, session, message_id, content, now);
        });
        turn->set_first_event(first);
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

Task<> Turns::drop(std::string session_id) {
    const auto found = turns_.find(session_id);
    if (found == turns_.end()) co_return;
    const auto turn = found->second;
    turn->cancel(false);
    co_await turn->give_up();
}

// --- after a crash ----------------------------------------------------------------------------------

Task<> Turns::end_cut_turns() {
    auto cut = co_await around_.store.run([](store::Transaction& t) { return t.sessions_with_turn(); });
    if (co_await try_to_end(cut)) co_return;
    // A full disk must not keep the server, with all other sessions, from starting.
    scope_.start("ending turns that were cut", keep_ending(std::move(cut)));
}

Task<> Turns::keep_ending(std::vector<store::SessionRow> cut) {
    using namespace std::chrono_literals;
    std::chrono::milliseconds pause = 250ms;
    do {
        co_await async::pause(pause);
        pause = std::min<std::chrono::milliseconds>(pause * 2, 10s);
    } while (!co_await try_to_end(cut));
}

/// Those that could be ended are gone from `cut`.
Task<bool> Turns::try_to_end(std::vector<store::SessionRow>& cut) {
    std::vector<store::SessionRow> left;
    for (auto& row : cut) {
        try {
            const bool is_ended = co_await around_.store.run(
                [id = row.id, turn = *row.turn, now = around_.clock.now()](store::Transaction& t) {
                    return end_cut_turn(t, id, turn, now);
                });
            if (is_ended) core::log_info("session {}: a turn that was cut is ended", row.id);
        } catch (const Error& error) {
            core::log_error("session {}: a turn that was cut cannot be ended: {}", row.id, error.message());
            left.push_back(std::move(row));
        }
    }
    cut = std::move(left);
    co_return cut.empty();
}

}  // namespace carrel::session
