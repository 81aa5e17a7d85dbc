#include "session/running_turn.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "core/log.hpp"
#include "session/desk_calls.hpp"
#include "session/event_sink.hpp"
#include "session/stored_transcript.hpp"
#include "session/turn_events.hpp"
#include "session/turn_rows.hpp"

namespace carrel::session {

namespace {

using namespace std::chrono_literals;
using agent::TurnEnd;

}  // namespace

RunningTurn::RunningTurn(Surroundings around, store::SessionRow session, std::string message_id,
                         std::unique_ptr<agent::Model> model)
    : around_{around},
      session_{std::move(session)},
      message_id_{std::move(message_id)},
      model_{std::move(model)},
      changed_{around.executor},
      scope_{around.executor} {}

Task<> RunningTurn::run() {
    scope_.start("turn of " + session_.id, act());
    if (is_cancelled_) scope_.cancel();  // asked for before it began
    while (!has_ended_) co_await changed_.wait();
}

void RunningTurn::cancel(bool is_interruption) {
    is_interrupted_ = is_interrupted_ || is_interruption;
    is_cancelled_ = true;
    scope_.cancel();
    changed_.notify_all();
}

void RunningTurn::end_soon() {
    is_ending_soon_ = true;
    if (acting_ == 0) cancel(true);
}

void RunningTurn::note_action(int change) {
    acting_ += change;
    if (is_ending_soon_ && acting_ == 0) cancel(true);
}

void RunningTurn::abandon() {
    has_ended_ = true;
    changed_.notify_all();
}

Task<> RunningTurn::wait() {
    while (!has_ended_) {
        throw_problem();
        co_await changed_.wait();
    }
}

Task<> RunningTurn::give_up() {
    is_given_up_ = true;
    changed_.notify_all();
    while (!has_ended_) co_await changed_.wait();
}

void RunningTurn::throw_problem() const {
    if (!problem_.empty())
        throw core::Error{core::Code::exhausted, "the end of the last turn cannot be stored: " + problem_,
                          "disk_full"};
}

Task<> RunningTurn::act() {
    TurnEnd end;
    try {
        end = co_await play();
    } catch (...) {
        end = agent::end_of(std::current_exception());
    }
    // Whoever cancelled has been heard: the end is stored all the same.
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await store_end(std::move(end));
    has_ended_ = true;
    changed_.notify_all();
}

Task<TurnEnd> RunningTurn::play() {
    auto transcript = co_await StoredTranscript::load(around_.store, session_.id);
    EventSink sink{around_.executor, around_.store, around_.clock, session_.id};
    FleetDeskCalls desk{around_.fleet, session_.id, [this](int change) { note_action(change); }};
    // As it is now; without a desk the turn fails by itself, with a better word.
    const auto* row = around_.fleet.find_desk(session_.id);
    const auto& shape = row ? row->shape : session_.desk.shape;
    agent::Assignment assignment{.screen = {shape.width, shape.height},
                                 .system_suffix = session_.system_prompt_suffix,
                                 .limits = {},
                                 .has_display = !row || row->has_display};
    auto end = co_await agent::run_turn(*model_, desk, transcript, sink, around_.pool, std::move(assignment));
    co_await sink.finish();
    co_return end;
}

std::string_view RunningTurn::status_of(const TurnEnd& end) const {
    switch (end.status) {
        case TurnEnd::Status::completed: return "completed";
        case TurnEnd::Status::failed: return "error";
        case TurnEnd::Status::cancelled: return is_interrupted_ ? "interrupted" : "cancelled";
    }
    return "error";
}

Task<> RunningTurn::store_end(TurnEnd end) {
    if (end.status == TurnEnd::Status::cancelled && is_interrupted_) {
        end.code = "interrupted";
        end.message = "the server ended during this turn";
    }
    // A disk that is full is the one thing that people wait out: the end must reach the log.
    std::chrono::milliseconds pause = 250ms;
    while (!co_await try_to_store(end)) {
        // The next server, or the session's next message, finds the turn and ends it.
        if (is_interrupted_ || is_given_up_) co_return;
        co_await changed_.wait_for(pause);
        pause = std::min<std::chrono::milliseconds>(pause * 2, 10s);
    }
    problem_.clear();
}

Task<bool> RunningTurn::try_to_store(const TurnEnd& end) {
    const auto now = around_.clock.now();
    std::string error = end.message.empty() ? "" : error_data(end.message, end.code, now);
    auto complete = message_complete_data(message_id_, status_of(end), now);
    try {
        co_await around_.store.run([id = session_.id, first = first_event_, error = std::move(error),
                                    complete = std::move(complete), now](store::Transaction& t) {
            answer_told_calls(t, id, first, now);
            if (!error.empty()) t.append_event(id, "error", error);
            t.append_event(id, "message_complete", complete);
            t.set_turn(id, std::nullopt, now);
        });
        co_return true;
    } catch (const core::Error& failure) {
        core::log_error("the end of a turn of {} cannot be stored: {}", session_.id, failure.message());
        problem_ = failure.message();
        changed_.notify_all();
    }
    co_return false;
}

}  // namespace carrel::session
