#include "session/turn_rows.hpp"

#include <algorithm>

#include "agent/history.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "fleet/adoption.hpp"
#include "json/parse.hpp"
#include "session/conversation.hpp"
#include "session/picture_size.hpp"
#include "session/turn_events.hpp"

namespace carrel::session {

namespace {

std::optional<agent::Picture> find_picture(store::Transaction& t, const std::string& session_id,
                                           const std::string& hash) {
    if (hash.empty()) return std::nullopt;
    try {
        auto blob = t.find_blob(session_id, hash);
        const auto size = blob ? find_picture_size(blob->bytes, blob->media_type) : std::nullopt;
        if (size) return agent::Picture{std::move(blob->bytes), std::move(blob->media_type), *size};
    } catch (const core::Error& error) {
        core::log_error("session {}: a picture is lost: {}", session_id, error.message());
    }
    return std::nullopt;
}

agent::KnownResults known_results(store::Transaction& t, const std::string& session_id) {
    agent::KnownResults known;
    for (auto& [id, logged] : find_results(t.events_after(session_id, 0, -1)))
        known[id] = {std::move(logged.text), find_picture(t, session_id, logged.picture), logged.is_error};
    return known;
}

/// Whether its desk was made anew since the last turn: what the model knows to run there does not.
bool has_slept(store::Transaction& t, const std::string& session_id) {
    const auto events = t.events_since_turn(session_id, "desk");
    return std::ranges::any_of(events, [](const store::Event& event) {
        const auto data = json::parse(event.data);
        return data && json::text_or(*data, "code") == fleet::after_sleep;
    });
}

/// Answers in the history what a cut left unanswered there.
void heal_history(store::Transaction& t, const std::string& session_id) {
    const auto last = t.last_message(session_id);
    if (agent::unanswered_calls(last).empty()) return;
    t.append_message(session_id, *agent::healing_message(last, known_results(t, session_id)));
}

}  // namespace

std::int64_t begin_turn(store::Transaction& t, const std::string& session_id, const std::string& message_id,
                        const std::string& content, core::Instant now) {
    if (const auto row = t.find_session(session_id); row && row->turn)
        end_cut_turn(t, session_id, *row->turn, now);
    heal_history(t, session_id);
    const bool is_after_cut = agent::ends_without_answer(t.last_message(session_id));
    t.append_message(session_id, agent::user_message(content, is_after_cut, has_slept(t, session_id)));
    t.set_turn(session_id, message_id, now);
    const auto first =
        t.append_event(session_id, "user_message", user_message_data(message_id, content, now));
    t.append_event(session_id, "message_start", message_start_data(message_id, now));
    return first;
}

bool end_cut_turn(store::Transaction& t, const std::string& session_id, const std::string& message_id,
                  core::Instant now) {
    const auto row = t.find_session(session_id);
    if (!row || row->turn != message_id) return false;
    heal_history(t, session_id);
    answer_told_calls(t, session_id, 0, now);
    t.append_event(session_id, "error", error_data("the server ended during this turn", "interrupted", now));
    t.append_event(session_id, "message_complete", message_complete_data(message_id, "interrupted", now));
    t.set_turn(session_id, std::nullopt, now);
    return true;
}

void answer_told_calls(store::Transaction& t, const std::string& session_id, std::int64_t first,
                       core::Instant now) {
    for (const auto& call : find_unanswered_calls(t.events_after(session_id, first, -1)))
        t.append_event(session_id, "tool_result", unanswered_call_data(call, now));
}

}  // namespace carrel::session
