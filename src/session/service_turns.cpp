// Turns and the keys they need.
#include <algorithm>

#include "async/shield.hpp"
#include "core/error.hpp"
#include "core/id.hpp"
#include "core/log.hpp"
#include "session/refusals.hpp"
#include "session/service.hpp"
#include "session/stored_transcript.hpp"

namespace carrel::session {

using core::Code;
using core::Error;

// --- providers and keys -----------------------------------------------------------------------------

const Provider& SessionService::provider_named(const std::string& name) const {
    const auto found = std::ranges::find(settings_.providers, name, &Provider::name);
    if (found != settings_.providers.end()) return *found;
    std::string known;
    for (const auto& provider : settings_.providers) known += (known.empty() ? "" : ", ") + provider.name;
    throw Error{Code::invalid, "there is no provider " + name + "; there are " + known};
}

std::optional<Key> SessionService::find_key(const std::string& principal, const Provider& provider) const {
    const auto own = keys_.find({principal, provider.name});
    return own != keys_.end() ? own->second : provider.base_key;
}

bool SessionService::has_key(const Principal& principal, const std::string& provider) const {
    const auto& named = provider_named(provider);
    return !named.needs_key || find_key(principal.name, named);
}

void SessionService::set_key(const Principal& principal, const std::string& provider, Key key) {
    const auto& named = provider_named(provider);
    if (!named.needs_key) throw Error{Code::invalid, "the provider " + provider + " takes no key"};
    keys_[{principal.name, provider}] = std::move(key);
}

void SessionService::forget_key(const Principal& principal, const std::string& provider) {
    keys_.erase({principal.name, provider_named(provider).name});
}

/// Refuses a model that the provider does not have. Without a key nothing can be said, and the first
/// message will.
void SessionService::check_model(const Provider& provider, const store::SessionRow& row) const {
    try {
        provider.make(row.model, find_key(row.principal, provider).value_or(""));
    } catch (const Error& error) {
        if (error.code() != Code::unavailable) throw;
    }
}

std::unique_ptr<agent::Model> SessionService::make_model(const store::SessionRow& row) const {
    const auto& provider = provider_named(row.provider);
    const auto key = find_key(row.principal, provider);
    if (provider.needs_key && !key)
        throw Error{Code::unavailable,
                    "there is no key for " + provider.name +
                        ": paste one into the page, or set it in the environment",
                    "no_model_key"};
    return provider.make(row.model, key.value_or(""));
}

// --- turns ------------------------------------------------------------------------------------------

Task<std::string> SessionService::send_message(Principal principal, std::string id, std::string content) {
    auto row = co_await row_of(std::move(principal), std::move(id));
    co_return co_await async::shield(scope_, "beginning a turn",
                                     begin_turn(std::move(row), std::move(content)));
}

Task<std::string> SessionService::begin_turn(store::SessionRow row, std::string content) {
    if (leaving_.contains(row.id)) throw no_session(row.id);
    if (const auto found = turns_.find(row.id); found != turns_.end()) {
        found->second->throw_problem();
        throw Error{Code::conflict,
                    "the session is busy with the last message: wait for its end, or cancel it", "busy"};
    }
    if (!fleet_.find_endpoint(row.id)) throw not_ready(row.desk);
    auto model = make_model(row);

    const auto message_id = core::make_id("msg_");
    const auto turn = std::make_shared<Turn>(Turn::Surroundings{executor_, pool_, store_, fleet_, clock_},
                                             row, message_id, content, std::move(model));
    turns_[row.id] = turn;  // from here on the session is busy
    const auto now = clock_.now();
    try {
        co_await store_.run([=, session = row.id](store::Transaction& t) {
            t.set_turn(session, message_id, now);
            t.append_event(session, "user_message", user_message_data(message_id, content, now));
            t.append_event(session, "message_start", message_start_data(message_id, now));
        });
    } catch (...) {
        turn->abandon();
        turns_.erase(row.id);
        throw;
    }
    scope_.start("turn " + message_id, run_turn(turn));
    co_return message_id;
}

Task<> SessionService::run_turn(std::shared_ptr<Turn> turn) {
    co_await turn->run();
    turns_.erase(turn->session_id());
}

Task<Cancelled> SessionService::cancel(Principal principal, std::string id) {
    co_await row_of(std::move(principal), id);
    const auto found = turns_.find(id);
    if (found == turns_.end()) co_return Cancelled::was_not_processing;
    const auto turn = found->second;
    turn->cancel(false);
    co_await turn->wait();
    co_return Cancelled::yes;
}

// --- after a crash ----------------------------------------------------------------------------------

Task<> SessionService::start() {
    const auto cut = co_await store_.run([](store::Transaction& t) { return t.sessions_with_turn(); });
    for (const auto& row : cut) {
        try {
            co_await end_cut_turn(row);
        } catch (const Error& error) {
            // A full disk must not keep the server, with all other sessions, from starting.
            core::log_error("session {}: a turn that was cut cannot be ended: {}", row.id, error.message());
        }
    }
    co_await fleet_.recover();
    store_.post([](store::Transaction& t) { t.sweep_blobs(); });
}

Task<> SessionService::end_cut_turn(store::SessionRow row) {
    core::log_info("session {}: a turn that was cut is ended", row.id);
    auto transcript = co_await StoredTranscript::load(store_, row.id);
    co_await agent::heal(transcript);
    const auto now = clock_.now();
    co_await store_.run([=, id = row.id](store::Transaction& t) {
        for (const auto& call : find_unanswered_calls(t.events_after(id, 0, -1)))
            t.append_event(id, "tool_result", unanswered_call_data(call, now));
        t.append_event(id, "error", error_data("the server ended during this turn", "interrupted", now));
        t.append_event(id, "message_complete", message_complete_data(*row.turn, "interrupted", now));
        t.set_turn(id, std::nullopt, now);
    });
}

}  // namespace carrel::session
