#include "session/service.hpp"

#include <atomic>
#include <limits>
#include <memory>

#include "async/shield.hpp"
#include "core/error.hpp"
#include "core/id.hpp"
#include "json/parse.hpp"
#include "session/refusals.hpp"

namespace carrel::session {

using core::Code;
using core::Error;

SessionService::SessionService(async::Executor executor, async::Pool& pool, store::Store& store,
                               fleet::Fleet& fleet, const core::Clock& clock, const Models& models,
                               SessionRules rules)
    : pool_{pool},
      store_{store},
      fleet_{fleet},
      clock_{clock},
      models_{models},
      rules_{std::move(rules)},
      desk_logs_{pool, store, fleet.logs()},
      turns_{{executor, pool, store, fleet, clock}, models},
      keys_{executor},
      reaper_{{executor, store, fleet, clock, uses_, viewers_, turns_},
              rules_.lifetime,
              [this](std::string id, std::string code, std::string why) {
                  return end_for_good(std::move(id), std::move(code), std::move(why));
              }},
      left_{executor},
      scope_{executor} {}

Task<> SessionService::start() {
    fleet_.watch_forgotten([this](std::string desk) {
        // When the server ends, the next one sweeps it.
        if (!is_draining_) scope_.start("forgetting the log of a desk", desk_logs_.forget({std::move(desk)}));
    });
    co_await turns_.end_cut_turns();
    co_await purge_those_who_waited();
    co_await fleet_.recover();
    scope_.start("putting the store in order", store_.catch_up());
    scope_.start("sweeping desks' logs", desk_logs_.sweep());
    scope_.start("looking after idle desks", reaper_.run());
}

/// Sessions that stood in the line when an earlier server was cut: nobody was told of them.
Task<> SessionService::purge_those_who_waited() {
    co_await store_.run([](store::Transaction& t) {
        for (const auto& row : t.living_sessions())
            if (row.desk.id.empty()) t.purge_session(row.id);
    });
}

void SessionService::refuse_while_draining() const {
    if (is_draining_) throw draining();
}

Task<> SessionService::drain() {
    is_draining_ = true;
    co_await fleet_.places().close_line(draining());
    co_await turns_.end_soon();
}

Task<Drained> SessionService::shutdown(bool destroy) {
    is_draining_ = true;
    Drained drained{.turns_cut = turns_.size(), .desks = fleet_.size()};
    reaper_.stop();
    co_await turns_.interrupt_all();
    co_await scope_.close();
    co_await turns_.close();
    if (destroy) co_await fleet_.end_all({"server_ended", "the server was ended, and its desks with it"});
    co_return drained;
}

// --- sessions ---------------------------------------------------------------------------------------

Session SessionService::view(store::SessionRow row) const {
    Session session{.row = std::move(row), .viewers = {}, .rest = {}};
    const auto& id = session.row.id;
    if (const auto* known = fleet_.find_desk(id)) session.row.desk.has_display = known->has_display;
    session.is_busy = turns_.is_busy(id);
    session.viewers = viewers_.of(id);
    session.rest = reaper_.rest_of(id);
    if (const auto waiter = fleet_.places().find(id)) session.queue_position = waiter->position;
    return session;
}

Task<store::SessionRow> SessionService::row_of(Principal principal, std::string id, Looked looked) {
    auto row = co_await store_.run([id](store::Transaction& t) { return t.find_session(id); });
    if (!row || !principal.reaches(row->principal, id)) throw no_session(id);
    if (row->archived_at && looked == Looked::active) throw no_session(id);
    if (row->is_purged && looked != Looked::purged_too) throw no_session(id);
    co_return std::move(*row);
}

Task<> SessionService::purge(std::string id) {
    auto desks = co_await store_.run([id](store::Transaction& t) { return t.desks_of_session(id); });
    co_await store_.purge(std::move(id), clock_.now());
    co_await desk_logs_.forget(std::move(desks));
}

Task<Sessions> SessionService::list(Principal principal, bool include_archived, std::int64_t limit,
                                    std::int64_t offset, bool all) {
    auto page = co_await store_.run([=](store::Transaction& t) {
        return all ? t.list_all_sessions(include_archived, limit, offset)
                   : t.list_sessions(principal.name, include_archived, limit, offset);
    });
    Sessions sessions;
    sessions.total = page.total;
    for (auto& row : page.sessions) sessions.sessions.push_back(view(std::move(row)));
    co_return sessions;
}

Task<Session> SessionService::get(Principal principal, std::string id) {
    co_return view(co_await row_of(std::move(principal), std::move(id)));
}

Task<Detail> SessionService::get_with_messages(Principal principal, std::string id) {
    auto row = co_await row_of(std::move(principal), id);
    auto events = co_await store_.run([id](store::Transaction& t) { return t.events_after(id, 0, -1); });
    auto messages =
        co_await async::run_on(pool_, [events = std::move(events)] { return read_conversation(events); });
    co_return Detail{view(std::move(row)), std::move(messages)};
}

Task<Session> SessionService::rename(Principal principal, std::string id, std::string title) {
    auto row = co_await row_of(std::move(principal), id);
    row.updated_at = clock_.now();
    row.title = title;
    co_await store_.run(
        [id, title, now = row.updated_at](store::Transaction& t) { t.set_title(id, title, now); });
    co_return view(std::move(row));
}

Task<> SessionService::remove(Principal principal, std::string id, bool purge) {
    auto row =
        co_await row_of(std::move(principal), std::move(id), purge ? Looked::purged_too : Looked::active);
    co_await async::shield(scope_, "removing a session", remove_now(std::move(row), purge));
}

Task<> SessionService::remove_now(store::SessionRow row, bool is_purge,
                                  std::optional<store::Event> last_word) {
    // No new turn and no new desk from here on.
    leaving_.insert(row.id);
    struct Leave {
        SessionService& service;
        const std::string& id;
        ~Leave() {
            service.leaving_.erase(id);
            service.left_.notify_all();
        }
    } leave{*this, row.id};

    fleet_.places().drop(row.id);
    if (is_purge)
        co_await turns_.drop(row.id);
    else
        co_await turns_.cancel(row.id);
    if (!row.archived_at)
        co_await fleet_.stop(
            row.id, [id = row.id, now = clock_.now(), word = std::move(last_word)](store::Transaction& t) {
                if (word) t.append_event(id, word->name, word->data);
                t.archive_session(id, now);
            });
    if (is_purge) co_await purge(row.id);
    store_.close_log(row.id);
    uses_.forget(row.id);
}

/// Nobody has asked for it: its log says why.
Task<> SessionService::end_for_good(std::string id, std::string code, std::string why) {
    auto row = co_await store_.run([id](store::Transaction& t) { return t.find_session(id); });
    if (!row || row->archived_at || leaving_.contains(id)) co_return;
    // Somebody may have come while that was asked.
    if (code == "idle" && (uses_.count(id) > 0 || turns_.is_busy(id))) co_return;
    json::Object data{{"code", "session_ended"},
                      {"why", code},
                      {"message", "the session has ended: " + why},
                      {"timestamp", core::to_rfc3339(clock_.now())}};
    co_await async::shield(
        scope_, "ending a session",
        remove_now(std::move(*row), false, store::Event{.name = "status", .data = json::to_text(data)}));
}

// --- turns -------------------------------------------------------------------------------------------

Task<std::string> SessionService::send_message(Principal principal, std::string id, std::string content) {
    refuse_while_draining();
    auto row = co_await row_of(std::move(principal), std::move(id));
    co_return co_await async::shield(scope_, "beginning a turn",
                                     begin_turn(std::move(row), std::move(content)));
}

Task<std::string> SessionService::begin_turn(store::SessionRow row, std::string content) {
    if (leaving_.contains(row.id)) throw no_session(row.id);
    if (is_paused(row.id)) throw paused(row.id);
    const auto use = uses_.enter(row.id);
    co_await wake_desk(row.id);
    refuse_while_draining();
    co_return co_await turns_.begin(std::move(row), std::move(content));
}

Task<Cancelled> SessionService::cancel(Principal principal, std::string id) {
    co_await row_of(std::move(principal), id);
    co_return co_await turns_.cancel(std::move(id));
}

// --- the log ----------------------------------------------------------------------------------------

Task<std::vector<store::Event>> SessionService::events_after(Principal principal, std::string id,
                                                             std::int64_t after, std::int64_t limit) {
    co_await row_of(std::move(principal), id, Looked::archived_too);
    co_return co_await store_.run([=](store::Transaction& t) { return t.events_after(id, after, limit); });
}

Task<store::EventFollower> SessionService::follow(Principal principal, std::string id,
                                                  std::optional<std::int64_t> after) {
    co_await row_of(std::move(principal), id);
    co_return co_await store_.follow(std::move(id), after.value_or(std::numeric_limits<std::int64_t>::max()));
}

Task<store::Blob> SessionService::blob(Principal principal, std::string id, std::string hash) {
    co_await row_of(std::move(principal), id, Looked::archived_too);
    auto blob = co_await store_.run([=](store::Transaction& t) { return t.find_blob(id, hash); });
    if (!blob) throw Error{Code::not_found, "the session has no picture " + hash};
    co_return std::move(*blob);
}

}  // namespace carrel::session
