// Making sessions: which one a key names, a place in the line, the desk.
#include <fmt/format.h>

#include <atomic>
#include <memory>

#include "async/shield.hpp"
#include "core/id.hpp"
#include "json/parse.hpp"
#include "session/refusals.hpp"
#include "session/service.hpp"

namespace carrel::session {

using core::Code;
using core::Error;

namespace {

/// Whether a failure to make a desk tells of more than that all are in use, or that somebody ends the server.
bool is_server_unwell(const std::exception_ptr& failure) {
    if (async::is_cancellation(failure)) return false;
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) {
        // Nor that somebody asked for what there is not.
        if (error.code() == Code::invalid || error.code() == Code::not_found ||
            error.code() == Code::conflict)
            return false;
        return error.code() != Code::exhausted || error.reason() == "disk_full";
    } catch (...) {
        return true;
    }
}

}  // namespace

Task<Created> SessionService::create(Principal principal, Wish wish) {
    refuse_while_draining();
    if (!wish.desk) wish.desk = new_desk(principal.name);
    judge(principal.name, *wish.desk);
    if (wish.key) co_return co_await create_or_get(std::move(principal), std::move(wish));
    co_return co_await create_new(std::move(principal), std::move(wish), nullptr);
}

/// The most that a desk of that user may be asked to have.
core::Limits SessionService::most_of(const std::string& user) const {
    auto most = rules_.most;
    const auto own = rules_.limits_of ? rules_.limits_of(user) : ops::UserLimits{};
    if (own.cpus) most.cpus = std::min(most.cpus, *own.cpus);
    if (own.memory_mb)
        most.memory = std::min(most.memory, static_cast<std::uint64_t>(*own.memory_mb) * core::mebibyte);
    return most;
}

core::DeskShape SessionService::new_desk(const std::string& user) const {
    auto desk = rules_.new_desk;
    const auto most = most_of(user);
    desk.limits.cpus = std::min(desk.limits.cpus, most.cpus);
    desk.limits.memory = std::min(desk.limits.memory, most.memory);
    return desk;
}

void SessionService::judge(const std::string& user, const core::DeskShape& shape) const {
    const auto& limits = shape.limits;
    const auto most = most_of(user);
    const auto refuse = [](std::string_view what, auto bound) {
        throw Error{Code::invalid, fmt::format("your desk may have at most {} {}", bound, what),
                    "beyond_the_bounds"};
    };
    if (limits.cpus > most.cpus) refuse("processors (cpus)", most.cpus);
    if (limits.memory > most.memory) refuse("MiB of memory (memory_mb)", most.memory / core::mebibyte);
    if (limits.processes > most.processes) refuse("processes", most.processes);
    // Without a limit are desks only where that is the rule.
    const bool is_endless = limits.disk == 0 && rules_.new_desk.limits.disk != 0;
    if (most.disk != 0 && (limits.disk > most.disk || is_endless))
        refuse("MiB of disk (disk_mb)", most.disk / core::mebibyte);
}

Task<Created> SessionService::create_or_get(Principal principal, Wish wish) {
    auto lock = co_await keys_.hold(principal.name + '\n' + *wish.key);
    const auto find = [this, name = principal.name, key = *wish.key] {
        return store_.run([=](store::Transaction& t) { return t.find_session_by_key(name, key); });
    };
    auto found = co_await find();
    // One that is being removed has the key until it is gone.
    while (found && leaving_.contains(found->id)) {
        co_await left_.wait();
        found = co_await find();
    }
    if (!found) co_return co_await create_new(std::move(principal), std::move(wish), std::move(lock));
    uses_.touch(found->id);
    co_await fleet_.settled(found->id);
    fleet::Place place;
    // Cancellable as long as it stands in the line.
    if (!has_desk(found->id) && wish.wait.count() > 0)
        place = co_await fleet_.places().wait_for({found->principal, shape_of_next(*found).limits}, found->id,
                                                  wish.wait, teller_of_line(nullptr, found->id));
    co_return co_await async::shield(scope_, "coming back to a session",
                                     come_back(std::move(*found), std::move(place)));
}

/// Its desk is well, is being made, or is replaced; its idle time starts anew.
Task<Created> SessionService::come_back(store::SessionRow row, fleet::Place place) {
    uses_.touch(row.id);
    co_await fleet_.settled(row.id);
    if (!has_desk(row.id))
        co_return Created{
            .session = co_await renew_now(std::move(row), std::move(place)), .is_new = false, .timings = {}};
    const auto* desk = fleet_.find_desk(row.id);
    if (desk->state == store::DeskState::frozen || desk->state == store::DeskState::asleep)
        co_await wake_desk(row.id);
    if (const auto* known = fleet_.find_desk(row.id)) row.desk = *known;
    co_return Created{.session = view(std::move(row)), .is_new = false, .timings = {}};
}

store::SessionRow SessionService::new_row(const Principal& principal, const Wish& wish) const {
    auto chosen = models_.choose(principal.name, wish.provider, wish.model);
    store::SessionRow row;
    row.id = core::make_id("sess_");
    row.principal = principal.name;
    row.title = wish.title;
    row.key = wish.key;
    row.lifetime = wish.lifetime;
    row.provider = std::move(chosen.provider);
    row.model = std::move(chosen.model);
    row.system_prompt_suffix = wish.system_prompt_suffix;
    row.created_at = row.updated_at = clock_.now();
    return row;
}

/// Cancellable as long as it stands in the line: whoever goes away leaves nothing.
Task<Created> SessionService::create_new(Principal principal, Wish wish, Locks::Held lock) {
    auto row = new_row(principal, wish);
    fleet::DeskWish desk{.session_id = row.id,
                         .principal = row.principal,
                         .shape = *wish.desk,
                         .place = {},
                         .beginning = wish.beginning.value_or(rules_.new_beginning)};
    bool is_stored = false;
    std::exception_ptr failure;
    try {
        desk.place = co_await find_place(row, std::move(wish), is_stored);
        refuse_while_draining();
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        if (is_stored) store_.post([id = row.id](store::Transaction& t) { t.purge_session(id); });
        std::rethrow_exception(failure);
    }
    co_return co_await async::shield(scope_, "making a session",
                                     create_now(std::move(row), std::move(desk), is_stored, std::move(lock)));
}

/// At once, or after a while in the line. From when it stands there the session is stored (`is_stored`), so
/// that its log can tell where.
Task<fleet::Place> SessionService::find_place(store::SessionRow row, Wish wish, bool& is_stored) {
    fleet::Need need{row.principal, wish.desk->limits};
    if (wish.wait.count() == 0) co_return fleet_.places().take(std::move(need));
    auto tell = [&is_stored, inner = teller_of_line([row](store::Transaction& t) { t.insert_session(row); },
                                                    row.id)](std::size_t position) {
        is_stored = true;
        inner(position);
    };
    co_return co_await fleet_.places().wait_for(std::move(need), row.id, wish.wait, std::move(tell));
}

/// Tells the session's log where it stands; `first`, if any, goes into the first of these commits.
std::function<void(std::size_t)> SessionService::teller_of_line(
    std::function<void(store::Transaction&)> first, std::string id) const {
    return [this, first = std::move(first), id = std::move(id)](std::size_t position) mutable {
        const json::Object data{{"code", "queued"},
                                {"message", "the session waits for a desk"},
                                {"position", position},
                                {"timestamp", core::to_rfc3339(clock_.now())}};
        store_.post([before = std::exchange(first, nullptr), id, text = json::to_text(data)](auto& t) {
            if (before) before(t);
            t.append_event(id, "status", text);
        });
    };
}

Task<Created> SessionService::create_now(store::SessionRow row, fleet::DeskWish desk, bool is_stored,
                                         [[maybe_unused]] Locks::Held lock) {
    const auto began = std::chrono::steady_clock::now();
    std::exception_ptr failure;
    try {
        if (leaving_.contains(row.id)) throw no_session(row.id);
        auto started = co_await start_desk(std::move(desk), [row, is_stored](store::Transaction& t) {
            if (!is_stored) t.insert_session(row);
        });
        row.desk = started.desk;
        uses_.touch(row.id);
        reaper_.expect(row.lifetime);
        failed_creations_ = 0;
        if (creation_observer_) creation_observer_(started, std::chrono::steady_clock::now() - began);
        co_return Created{.session = view(std::move(row)),
                          .was_warm = started.was_warm,
                          .timings = std::move(started.timings)};
    } catch (...) {
        failure = std::current_exception();
    }
    if (is_server_unwell(failure)) ++failed_creations_;
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
        if (along) along(t);
        *is_begun = true;
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

}  // namespace carrel::session
