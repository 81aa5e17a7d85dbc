#include "session/service.hpp"

#include <atomic>
#include <limits>
#include <memory>

#include "async/shield.hpp"
#include "core/error.hpp"
#include "core/id.hpp"
#include "session/refusals.hpp"

namespace carrel::session {

using core::Code;
using core::Error;

SessionService::SessionService(async::Executor executor, async::Pool& pool, store::Store& store,
                               fleet::Fleet& fleet, const core::Clock& clock, const Models& models,
                               core::DeskShape new_desk)
    : pool_{pool},
      store_{store},
      fleet_{fleet},
      clock_{clock},
      models_{models},
      new_desk_{std::move(new_desk)},
      desk_logs_{pool, store, fleet.logs()},
      turns_{{executor, pool, store, fleet, clock}, models},
      scope_{executor} {}

Task<> SessionService::start() {
    co_await turns_.end_cut_turns();
    co_await fleet_.recover();
    scope_.start("putting the store in order", store_.catch_up());
    scope_.start("sweeping desks' logs", desk_logs_.sweep());
}

Task<> SessionService::shutdown() {
    co_await turns_.interrupt_all();
    co_await scope_.close();
    co_await turns_.close();
}

// --- sessions ---------------------------------------------------------------------------------------

Session SessionService::view(store::SessionRow row) const {
    const bool is_busy = turns_.is_busy(row.id);
    const auto viewers = viewers_.of(row.id);
    return {std::move(row), is_busy, viewers};
}

Task<store::SessionRow> SessionService::row_of(Principal principal, std::string id, Looked looked) {
    auto row = co_await store_.run([id](store::Transaction& t) { return t.find_session(id); });
    if (!row || row->principal != principal.name) throw no_session(id);
    if (row->archived_at && looked == Looked::active) throw no_session(id);
    if (row->is_purged && looked != Looked::purged_too) throw no_session(id);
    co_return std::move(*row);
}

Task<Created> SessionService::create(Principal principal, Wish wish) {
    return async::shield(scope_, "making a session", create_now(std::move(principal), std::move(wish)));
}

Task<Created> SessionService::create_now(Principal principal, Wish wish) {
    auto chosen = models_.choose(principal.name, wish.provider, wish.model);
    store::SessionRow row;
    row.id = core::make_id("sess_");
    row.principal = std::move(principal.name);
    row.title = std::move(wish.title);
    row.provider = std::move(chosen.provider);
    row.model = std::move(chosen.model);
    row.system_prompt_suffix = std::move(wish.system_prompt_suffix);
    row.created_at = row.updated_at = clock_.now();
    fleet::DeskWish desk{
        .session_id = row.id, .principal = row.principal, .shape = wish.desk.value_or(new_desk_)};
    std::exception_ptr failure;
    try {
        auto started =
            co_await start_desk(std::move(desk), [row](store::Transaction& t) { t.insert_session(row); });
        row.desk = std::move(started.desk);
        co_return Created{view(std::move(row)), std::move(started.timings)};
    } catch (...) {
        failure = std::current_exception();
    }
    // Nobody was told its id, so nobody can ever ask for it.
    store_.post([id = row.id](store::Transaction& t) { t.purge_session(id); });
    if (!async::is_cancellation(failure)) scope_.start("sweeping desks' logs", desk_logs_.sweep());
    std::rethrow_exception(failure);
}

Task<fleet::Started> SessionService::start_desk(fleet::DeskWish wish,
                                                std::function<void(store::Transaction&)> along) {
    const auto id = wish.session_id;
    const auto is_begun = std::make_shared<std::atomic<bool>>(false);
    auto begin = [is_begun, along = std::move(along)](store::Transaction& t) {
        *is_begun = true;
        if (along) along(t);
    };
    std::optional<Error> failure;
    try {
        co_return co_await fleet_.start(std::move(wish), std::move(begin));
    } catch (const Error& error) {
        failure = error;
    }
    // The log of the desk before has nothing to say of one that was not even tried.
    if (!*is_begun) throw Error{*failure};
    throw co_await desk_logs_.explain(std::move(*failure), id);
}

Task<> SessionService::purge(std::string id) {
    auto desks = co_await store_.run([id](store::Transaction& t) { return t.desks_of_session(id); });
    co_await store_.purge(std::move(id), clock_.now());
    co_await desk_logs_.forget(std::move(desks));
}

Task<Sessions> SessionService::list(Principal principal, bool include_archived, std::int64_t limit,
                                    std::int64_t offset) {
    auto page = co_await store_.run([=](store::Transaction& t) {
        return t.list_sessions(principal.name, include_archived, limit, offset);
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

Task<> SessionService::remove_now(store::SessionRow row, bool is_purge) {
    // No new turn and no new desk from here on.
    leaving_.insert(row.id);
    struct Leave {
        std::set<std::string>& leaving;
        const std::string& id;
        ~Leave() { leaving.erase(id); }
    } leave{leaving_, row.id};

    if (is_purge)
        co_await turns_.drop(row.id);
    else
        co_await turns_.cancel(row.id);
    if (!row.archived_at)
        co_await fleet_.stop(
            row.id, [id = row.id, now = clock_.now()](store::Transaction& t) { t.archive_session(id, now); });
    if (is_purge) co_await purge(row.id);
    store_.close_log(row.id);
}

// --- turns -------------------------------------------------------------------------------------------

Task<std::string> SessionService::send_message(Principal principal, std::string id, std::string content) {
    auto row = co_await row_of(std::move(principal), std::move(id));
    co_return co_await async::shield(scope_, "beginning a turn",
                                     begin_turn(std::move(row), std::move(content)));
}

Task<std::string> SessionService::begin_turn(store::SessionRow row, std::string content) {
    if (leaving_.contains(row.id)) throw no_session(row.id);
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

// --- its desk ---------------------------------------------------------------------------------------

Task<std::shared_ptr<net::Handler>> SessionService::desk(Principal principal, std::string id) {
    // Asked for every click: what the fleet knows needs no look into the store.
    const auto* known = fleet_.find_desk(id);
    if (known && known->principal == principal.name)
        if (auto endpoint = fleet_.find_endpoint(id)) co_return endpoint;
    const auto row = co_await row_of(std::move(principal), std::move(id));
    throw not_ready(desk_of(row));
}

/// As it is at this moment: on a full disk the store may not know yet.
const store::DeskRow& SessionService::desk_of(const store::SessionRow& row) const {
    const auto* known = fleet_.find_desk(row.id);
    return known ? *known : row.desk;
}

Task<SaidLines> SessionService::desk_log(Principal principal, std::string id, std::size_t most) {
    co_await row_of(std::move(principal), id, Looked::archived_too);
    co_return co_await desk_logs_.last_lines(std::move(id), most);
}

Task<Session> SessionService::renew_desk(Principal principal, std::string id) {
    auto row = co_await row_of(std::move(principal), std::move(id));
    co_return co_await async::shield(scope_, "renewing a desk", renew_now(std::move(row)));
}

Task<Session> SessionService::renew_now(store::SessionRow row) {
    if (leaving_.contains(row.id)) throw no_session(row.id);
    if (fleet_.find_endpoint(row.id))
        throw Error{Code::conflict, "the desk is well: there is nothing to replace"};
    const auto desk = desk_of(row);
    // One that does not answer is ended only because its user says so. One that has failed is told so before
    // it has been cleared away.
    const bool does_not_answer = desk.state == store::DeskState::starting && !desk.code.empty();
    if (does_not_answer || desk.state == store::DeskState::failed) co_await fleet_.stop(row.id, nullptr);
    // What the session's user chose; the image and the limits are the server's, as they are now.
    auto shape = new_desk_;
    shape.network = row.desk.shape.network;
    shape.width = row.desk.shape.width;
    shape.height = row.desk.shape.height;
    co_await desk_logs_.forget_older(row.id);
    auto started = co_await start_desk(
        {.session_id = row.id, .principal = row.principal, .shape = std::move(shape)}, nullptr);
    row.desk = std::move(started.desk);
    co_return view(std::move(row));
}

}  // namespace carrel::session
