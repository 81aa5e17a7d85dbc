// A session's desk: calls to it, its rest, its log, its replacement.
#include "async/shield.hpp"
#include "core/log.hpp"
#include "fleet/desk_client.hpp"
#include "session/refusals.hpp"
#include "session/service.hpp"

namespace carrel::session {

using core::Code;
using core::Error;

namespace {

constexpr std::size_t most_screen_bytes = std::size_t{32} << 20;
constexpr std::chrono::milliseconds picture_limit{5'000};

}  // namespace

Task<std::shared_ptr<net::Handler>> SessionService::desk(Principal principal, std::string id, bool wake) {
    refuse_while_draining();
    // Asked for every click: what the fleet knows needs no look into the store.
    const auto* known = fleet_.find_desk(id);
    if (!known || !principal.reaches(known->principal, id)) {
        const auto row = co_await row_of(std::move(principal), id);
        throw not_ready(desk_of(row));
    }
    auto use = uses_.enter(id);
    if (known->state == store::DeskState::paused && !wake) throw paused(id);
    co_await wake_desk(id);
    if (auto endpoint = fleet_.find_endpoint(id)) co_return held_with(std::move(endpoint), std::move(use));
    const auto row = co_await row_of(std::move(principal), id);
    throw not_ready(desk_of(row));
}

/// Of what the server gives every desk: what is not in its files.
core::DeskBeginning SessionService::after_sleep() const {
    const auto& beginning = rules_.new_beginning;
    return {.environment = beginning.environment,
            .locale = beginning.locale,
            .time_zone = beginning.time_zone,
            .http_proxy = beginning.http_proxy,
            .files = {},
            .command = {},
            .open_url = {}};
}

Task<> SessionService::wake_desk(std::string id) { return fleet_.wake(std::move(id), after_sleep()); }

Task<Session> SessionService::pause(Principal principal, std::string id) {
    auto row = co_await row_of(std::move(principal), std::move(id));
    co_return co_await async::shield(scope_, "pausing a desk", pause_now(std::move(row)));
}

void SessionService::refuse_busy(const std::string& id) const {
    if (turns_.is_busy(id))
        throw Error{Code::conflict, "the agent is at work: cancel its turn, or wait for its end", "busy"};
}

Task<Session> SessionService::pause_now(store::SessionRow row) {
    if (leaving_.contains(row.id)) throw no_session(row.id);
    refuse_busy(row.id);
    const auto* desk = fleet_.find_desk(row.id);
    if (!desk || !fleet_.is_well(row.id)) throw not_ready(desk_of(row));
    if (desk->state == store::DeskState::asleep)
        throw Error{Code::conflict, "the desk sleeps: no program of it runs that could be paused",
                    "desk_asleep"};
    if (desk->state != store::DeskState::paused) {
        if (desk->state == store::DeskState::frozen) co_await fleet_.wake(row.id);
        const auto picture = co_await take_picture(row.id);
        if (leaving_.contains(row.id)) throw no_session(row.id);
        refuse_busy(row.id);
        co_await fleet_.freeze(
            row.id, store::DeskState::paused, [id = row.id, picture](store::Transaction& t) {
                t.set_paused_picture(
                    id, picture.empty() ? std::nullopt : std::optional{t.put_blob(id, picture, "image/png")});
            });
    }
    if (const auto* now = fleet_.find_desk(row.id)) row.desk = *now;
    co_return view(std::move(row));
}

/// Its screen as PNG; nothing of a desk that cannot give one, which is no reason not to pause it.
Task<std::string> SessionService::take_picture(std::string id) {
    const auto endpoint = fleet_.find_endpoint(id);
    if (!endpoint) co_return "";
    try {
        auto answer = co_await fleet::ask_desk(*endpoint, {.target = "/screen/screenshot",
                                                           .accept = "image/png",
                                                           .most_bytes = most_screen_bytes,
                                                           .limit = picture_limit});
        co_return answer.status == 200 ? std::move(answer.body) : std::string{};
    } catch (const Error& error) {
        core::log_warning("desk of {} is paused without a picture: {}", id, error.message());
        co_return "";
    }
}

Task<Session> SessionService::resume(Principal principal, std::string id) {
    auto row = co_await row_of(std::move(principal), std::move(id));
    uses_.touch(row.id);
    co_await async::shield(scope_, "resuming a desk", wake_desk(row.id));
    if (!fleet_.is_well(row.id)) throw not_ready(desk_of(row));
    if (const auto* now = fleet_.find_desk(row.id)) row.desk = *now;
    co_return view(std::move(row));
}

bool SessionService::is_paused(const std::string& id) const {
    const auto* desk = fleet_.find_desk(id);
    return desk && desk->state == store::DeskState::paused;
}

Task<std::optional<store::Blob>> SessionService::paused_picture(Principal principal, std::string id) {
    const auto row = co_await row_of(std::move(principal), std::move(id));
    if (desk_of(row).state != store::DeskState::paused || !row.paused_picture) co_return std::nullopt;
    co_return co_await store_.run(
        [id = row.id, hash = *row.paused_picture](store::Transaction& t) { return t.find_blob(id, hash); });
}

Task<CleanedUp> SessionService::clean_up(std::chrono::seconds max_idle) {
    CleanedUp done;
    done.ended = co_await async::shield(scope_, "cleaning up", reaper_.end_idle(max_idle));
    done.left = fleet_.places().held();
    co_return done;
}

std::vector<fleet::Waiter> SessionService::waiting(const Principal& principal) const {
    auto waiters = fleet_.places().waiting();
    std::erase_if(waiters,
                  [&](const auto& waiter) { return !principal.reaches(waiter.principal, waiter.session); });
    return waiters;
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

/// One that works, rests or is being made; not one that is told as failed and not yet cleared away.
bool SessionService::has_desk(const std::string& id) const {
    const auto* desk = fleet_.find_desk(id);
    return desk && desk->state != store::DeskState::failed;
}

/// What the session's user chose. A row of an older program, or none, does not say it all.
core::DeskShape SessionService::shape_of_next(const store::SessionRow& row) const {
    auto shape = row.desk.shape;
    if (shape.image.empty()) shape = rules_.new_desk;
    if (shape.limits.memory == 0) shape.limits = rules_.new_desk.limits;
    return shape;
}

/// `place`: none: one is taken, or it is refused.
Task<Session> SessionService::renew_now(store::SessionRow row, fleet::Place place) {
    refuse_while_draining();
    if (leaving_.contains(row.id)) throw no_session(row.id);
    const auto desk = desk_of(row);
    const bool cannot_wake = desk.state == store::DeskState::asleep && desk.code == fleet::cannot_wake;
    if (fleet_.is_well(row.id) && !cannot_wake)
        throw Error{Code::conflict, "the desk is well: there is nothing to replace"};
    // One that does not answer is ended only because its user says so. One that has failed is told so before
    // it has been cleared away.
    const bool does_not_answer =
        desk.state == store::DeskState::starting && !desk.code.empty() && desk.code != fleet::after_sleep;
    if (does_not_answer || cannot_wake || desk.state == store::DeskState::failed)
        co_await fleet_.stop(row.id, nullptr);
    co_await desk_logs_.forget_older(row.id);
    // It may have been removed meanwhile: nobody would ever end a desk that came after that.
    auto still_there = [id = row.id](store::Transaction& t) {
        const auto now = t.find_session(id);
        if (!now || now->archived_at) throw no_session(id);
    };
    auto started = co_await start_desk({.session_id = row.id,
                                        .principal = row.principal,
                                        .shape = shape_of_next(row),
                                        .place = std::move(place),
                                        .beginning = rules_.new_beginning},
                                       std::move(still_there));
    row.desk = std::move(started.desk);
    // What the desk before it was left for does not count against this one.
    uses_.touch(row.id);
    co_return view(std::move(row));
}

}  // namespace carrel::session
