#include "fleet/fleet.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "async/all.hpp"
#include "core/id.hpp"
#include "core/log.hpp"
#include "json/parse.hpp"

namespace carrel::fleet {

using core::Code;
using core::Error;
using store::DeskState;

std::optional<WorkspaceUse> workspace_of(const store::DeskRow& row) {
    if (row.shape.workspace.empty()) return std::nullopt;
    return WorkspaceUse{row.principal, row.shape.workspace, row.shape.workspace_home};
}

Fleet::Fleet(async::Executor executor, Driver& driver, store::Store& store, const core::Clock& clock,
             FleetOptions options)
    : executor_{executor},
      driver_{driver},
      store_{store},
      clock_{clock},
      options_{std::move(options)},
      capabilities_{driver.describe()},
      places_{executor, options_.of_all, options_.of_one},
      pools_changed_{executor},
      scope_{executor},
      pool_scope_{executor} {
    for (const auto& pool : options_.pools) pools_.push_back({pool, Demand{pool.bounds}, {}});
}

// --- starting ---------------------------------------------------------------------------------------

Task<Started> Fleet::start(DeskWish wish, Along along) {
    refuse_second(wish.session_id);
    refuse_taken_workspace(wish.principal, wish.shape);
    if (!wish.place) wish.place = places_.take({wish.principal, wish.shape.limits});
    const Asking asking{*this};
    if (auto* pool = find_pool(wish.shape.image)) pool->demand.note(std::chrono::steady_clock::now());
    if (auto warm = take_warm(wish.shape)) {
        if (auto started = co_await start_warm(std::move(warm), wish, std::move(along)))
            co_return std::move(*started);
        along = nullptr;  // it was committed with the one that failed
    }
    co_return co_await start_cold(std::move(wish), std::move(along));
}

void Fleet::refuse_second(const std::string& session_id) const {
    if (find(session_id))
        throw Error{Code::conflict, "the session has a desk already: it is starting, in use or ending"};
}

void Fleet::refuse_taken_workspace(const std::string& principal, const core::DeskShape& wanted) const {
    if (wanted.workspace.empty()) return;
    for (const auto& [id, member] : members_) {
        const auto& row = member->row;
        if (row.principal != principal || row.shape.workspace != wanted.workspace) continue;
        // Until it is woken it does without; then it is refused, if need be.
        if (row.state == DeskState::asleep) continue;
        if (row.shape.shares_workspace && wanted.shares_workspace) continue;
        throw Error{
            Code::conflict,
            fmt::format("the workspace {} is in use by session {}: end that one, or let both share it "
                        "(shared)",
                        wanted.workspace, row.session_id),
            "workspace_in_use"};
    }
}

Task<Started> Fleet::start_cold(DeskWish wish, Along along) {
    refuse_second(wish.session_id);
    auto row = new_row(wish.shape);
    row.session_id = std::move(wish.session_id);
    row.principal = std::move(wish.principal);
    const auto member = enroll(std::move(row));
    member->place = std::move(wish.place);
    Timings timings;
    const bool has_beginning = !wish.beginning.is_empty();
    co_await make(member, std::move(wish.beginning), std::move(along), timings);
    if (!has_beginning) store_.post(state_change(member->row, DeskState::ready, {}));
    watch_end(member);
    enter(member);
    co_return Started{member->row, std::move(timings)};
}

/// A desk of the member's row, up to the answer that it is ready. When that fails nothing is left of it.
Task<> Fleet::make(MemberPtr member, core::DeskBeginning beginning, Along along, Timings& timings) {
    std::exception_ptr failure;
    try {
        co_await commit_row(member, !beginning.is_empty(), std::move(along), timings);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        driver_.release(member->row.reservation);
        leave(member);
        std::rethrow_exception(failure);
    }
    const bool has_beginning = !beginning.is_empty();
    try {
        co_await launch(member, false, std::move(beginning), timings);
        // Until then it is marked, and a server that is cut gives it up: its owner must not have been
        // answered.
        if (has_beginning) co_await store_.run(state_change(member->row, DeskState::ready, {}));
    } catch (...) {
        failure = std::current_exception();
    }
    // A server that ends leaves a desk that is half made to the next one, which adopts or removes it.
    if (async::is_cancellation(failure)) std::rethrow_exception(failure);
    if (failure) throw co_await clear_failed(member, error_from(failure));
}

store::DeskRow Fleet::new_row(const core::DeskShape& shape) {
    store::DeskRow row;
    row.id = core::make_id("desk_");
    row.shape = shape;
    row.nonce = core::random_hex(32);
    row.created_at = clock_.now();
    row.reservation = driver_.reserve();
    return row;
}

Fleet::MemberPtr Fleet::enroll(store::DeskRow row) {
    auto member = std::make_shared<Member>(executor_, std::move(row));
    members_[member->row.id] = member;
    if (!member->is_warm()) desk_of_session_[member->row.session_id] = member->row.id;
    return member;
}

Task<> Fleet::commit_row(MemberPtr member, bool has_beginning, Along along, Timings& timings) {
    const auto began = std::chrono::steady_clock::now();
    auto change = state_change(member->row, DeskState::starting, {});
    co_await store_.run([along = std::move(along), row = member->row, change = std::move(change),
                         has_beginning](store::Transaction& t) {
        if (along) along(t);
        t.insert_desk(row);
        change(t);
        if (has_beginning) t.set_desk_state(row.id, row.state, still_beginning, "");
    });
    timings.emplace_back("commit", std::chrono::steady_clock::now() - began);
}

Task<> Fleet::launch(MemberPtr member, bool has_kept_files, core::DeskBeginning beginning, Timings& timings) {
    const auto& row = member->row;
    const auto began = std::chrono::steady_clock::now();
    DeskSpec spec{.id = row.id,
                  .reservation = row.reservation,
                  .shape = row.shape,
                  .nonce = row.nonce,
                  .workspace = workspace_of(row),
                  .has_kept_files = has_kept_files};
    member->desk = co_await driver_.start(std::move(spec));
    timings.emplace_back("start", std::chrono::steady_clock::now() - began);
    co_await member->check(row.nonce, options_.patience, timings);
    co_await member->begin(std::move(beginning), options_.patience, timings);
}

Task<Error> Fleet::clear_failed(MemberPtr member, Error error) {
    bool is_removed = true;  // a start that fails leaves nothing behind: the driver's promise
    if (member->desk) {
        // A wish that cannot be fulfilled is no sign that the desk has ended.
        const auto ending =
            error.code() == Code::invalid ? std::optional<Ending>{} : co_await member->find_ending();
        if (ending)
            error = Error{Code::unavailable, "the desk ended while it was starting: " + ending->reason,
                          ending->code};
        try {
            co_await member->desk->stop();
        } catch (...) {
            if (async::is_cancellation(std::current_exception())) throw;
            is_removed = false;
            core::log_error("desk {} could not be removed: {}", member->row.id,
                            core::message_of(std::current_exception()));
        }
    }
    core::log_warning("desk {} did not start: {}", member->row.id, error.message());
    store_.post(state_change(member->row, DeskState::failed, {error.reason(), error.message()}));
    // Not waited for: on a full disk it fails, and the desk must not stay a member for that.
    if (is_removed)
        scope_.start("freeing what was reserved for " + member->row.id,
                     set_removed(member->row.id, member->row.reservation));
    leave(member);
    co_return error;
}

/// From now on calls go to it.
void Fleet::enter(const MemberPtr& member) {
    for (const auto& warning : member->desk->warnings())
        core::log_warning("desk {}: {}", member->row.id, warning);
    if (!member->is_resting()) member->row.state = DeskState::ready;
    member->row.code.clear();
    member->row.reason.clear();
    member->is_ready = true;
    member->changed.notify_all();
    member->watch_notices([this, known = std::weak_ptr<Member>{member}](const Notice& notice) {
        const auto told = known.lock();
        if (!told) return;
        if (notice.screen) return note_screen(told, *notice.screen);
        tell_notice(told->row, notice);
    });
}

void Fleet::watch_end(const MemberPtr& member) {
    member->watch_end([this, known = std::weak_ptr<Member>{member}](Ending ending) {
        const auto ended = known.lock();
        if (!ended) return;
        ended->ending = std::move(ending);
        const bool is_going_to_sleep = ended->row.state == DeskState::asleep;
        if (!ended->is_ending && !ended->is_being_handed_over && !is_going_to_sleep)
            scope_.start("the end of " + ended->row.id, end_by_itself(ended));
    });
}

// --- ending -----------------------------------------------------------------------------------------

Task<> Fleet::stop(std::string session_id, Along along) {
    auto member = find(session_id);
    while (member && !member->can_be_ended()) {
        co_await member->changed.wait();
        member = find(session_id);
    }
    if (!member) {
        if (along) co_await store_.run(std::move(along));
        co_return;
    }
    co_await end(std::move(member), std::move(along));
}

/// The caller has made sure that it can be ended.
Task<> Fleet::end(MemberPtr member, Along along, Ending why) {
    member->is_ending = true;
    try {
        auto change = state_change(member->row, DeskState::stopped, why);
        co_await store_.run([along = std::move(along), change = std::move(change)](store::Transaction& t) {
            if (along) along(t);
            change(t);
        });
    } catch (...) {
        member->is_ending = false;  // it is not ended: its owner can try again
        member->changed.notify_all();
        // It may have died meanwhile, when nobody else was to end it.
        if (member->ending) scope_.start("the end of " + member->row.id, end_by_itself(member));
        throw;
    }
    co_await finish_off(member);
}

Task<> Fleet::settled(std::string session_id) {
    auto member = find(session_id);
    while (member && !member->is_ready && !member->is_left_over) {
        co_await member->changed.wait();
        member = find(session_id);
    }
}

/// Told as well as cancelled: a cancellation that meets the end of a desk, which nothing cuts, is not seen.
Task<> Fleet::close_pools() {
    are_pools_closed_ = true;
    note_pool_change();
    co_await pool_scope_.close();
}

Task<> Fleet::end_all(Ending why) {
    co_await close_pools();
    std::vector<Task<>> ends;
    for (const auto& [id, member] : members_)
        // Also one whose making was cut: nobody else ends it any more.
        if (!member->is_ending) ends.push_back(end_settled(member, why));
    co_await async::all("ending a desk", std::move(ends));
}

/// What changes its rest goes on after its caller has gone.
Task<> Fleet::end_settled(MemberPtr member, Ending why) {
    while (member->is_resting_changing) co_await member->changed.wait();
    if (members_.contains(member->row.id) && !member->is_ending)
        co_await end(member, nullptr, std::move(why));
}

Task<> Fleet::end_by_itself(MemberPtr member) {
    if (std::exchange(member->is_ending, true)) co_return;
    core::log_warning("desk {} ended: {}", member->row.id, member->ending->reason);
    tell_state(member, DeskState::failed, *member->ending);
    co_await finish_off(member);
}

/// The desk's end is committed: makes it true. Whatever the driver says, it is no member any more.
Task<> Fleet::finish_off(MemberPtr member) {
    member->is_ready = false;
    co_await member->stop_watching();
    std::exception_ptr failure;
    try {
        // One that an earlier server left may not be taken over yet.
        if (member->desk)
            co_await member->desk->stop();
        else
            co_await driver_.remove(member->row.id);
    } catch (...) {
        failure = std::current_exception();
    }
    leave(member);
    if (failure) std::rethrow_exception(failure);
    // Nobody needs to wait for this commit: until it is made, nobody else gets what was reserved.
    if (!member->row.is_removed)
        scope_.start("freeing what was reserved for " + member->row.id,
                     set_removed(member->row.id, member->row.reservation));
}

void Fleet::leave(const MemberPtr& member) {
    members_.erase(member->row.id);
    const auto current = desk_of_session_.find(member->row.session_id);
    if (current != desk_of_session_.end() && current->second == member->row.id)
        desk_of_session_.erase(current);
    member->is_ready = false;
    member->place.reset();
    member->changed.notify_all();
    note_pool_change();
}

Task<> Fleet::set_removed(std::string id, unsigned reservation) {
    const bool is_known = co_await store_.run([id](store::Transaction& t) {
        t.set_desk_removed(id);
        return t.has_desk(id);
    });
    driver_.release(reservation);
    if (!is_known && when_forgotten_) when_forgotten_(std::move(id));
}

// --- asking -----------------------------------------------------------------------------------------

Fleet::MemberPtr Fleet::find(const std::string& session_id) const {
    const auto current = desk_of_session_.find(session_id);
    return current == desk_of_session_.end() ? nullptr : members_.at(current->second);
}

std::shared_ptr<net::Handler> Fleet::find_endpoint(const std::string& session_id) const {
    const auto member = find(session_id);
    const bool is_usable = member && member->is_ready && !member->is_ending && !member->is_resting();
    return is_usable ? member->desk->endpoint() : nullptr;
}

std::size_t Fleet::size() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        members_, [](const auto& entry) { return entry.second->row.state != DeskState::asleep; }));
}

std::vector<Fleet::MemberPtr> Fleet::members() const {
    std::vector<MemberPtr> all;
    all.reserve(members_.size());
    for (const auto& [id, member] : members_) all.push_back(member);
    return all;
}

const store::DeskRow* Fleet::find_desk(const std::string& session_id) const {
    const auto member = find(session_id);
    return member ? &member->row : nullptr;
}

bool Fleet::is_well(const std::string& session_id) const {
    const auto member = find(session_id);
    return member && member->is_ready && !member->is_ending;
}

Task<std::optional<Usage>> Fleet::usage(std::string session_id) {
    const auto member = find(session_id);
    if (!member || !member->desk || member->is_ending) co_return std::nullopt;
    try {
        const auto desk = member->desk;
        co_return co_await desk->usage();
    } catch (const Error& error) {
        core::log_debug("desk {} cannot be measured: {}", member->row.id, error.message());
        co_return std::nullopt;
    }
}

Task<> Fleet::close() {
    co_await close_pools();
    co_await scope_.close();
    for (const auto& [id, member] : members_) co_await member->stop_watching();
}

}  // namespace carrel::fleet
