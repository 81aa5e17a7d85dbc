// What the fleet does when the server starts: see plan_recovery for the cases.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "async/all.hpp"
#include "async/deadline.hpp"
#include "async/shield.hpp"
#include "core/log.hpp"
#include "fleet/fleet.hpp"

namespace carrel::fleet {

using store::DeskState;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

/// Between two questions to a desk that does not answer as it should.
constexpr std::chrono::milliseconds first_asking_pause = 100ms;
constexpr std::chrono::milliseconds longest_asking_pause = 2s;

}  // namespace

Task<> Fleet::recover() {
    const auto rows = co_await store_.run([](store::Transaction& t) { return t.desks_on_host(); });
    for (const auto& row : rows)
        if (!row.is_removed) driver_.keep_reserved(row.reservation);
    std::vector<Task<>> of_nobody;
    std::vector<Task<>> ours;
    for (auto& remedy : plan_recovery(rows, co_await driver_.list())) {
        auto& tasks = remedy.kind == Remedy::Kind::remove_odd ? of_nobody : ours;
        tasks.push_back(recover_one(std::move(remedy)));
    }
    // What they have reserved is not known: a new desk must not be given it while they live.
    co_await async::all("removing a desk of nobody", std::move(of_nobody));
    try {
        co_await async::deadline(
            options_.patience.before_serving, "taking over desks",
            async::shield(scope_, "taking over desks", async::all("taking over a desk", std::move(ours))));
    } catch (const core::Error& error) {
        core::log_info("{}: they are asked on behind", error.message());
        tell_of_late_ones();
    }
    if (!pools_.empty()) pool_scope_.start("keeping the pools", keep_pools());
}

Task<> Fleet::recover_one(Remedy remedy) {
    switch (remedy.kind) {
        case Remedy::Kind::adopt: {
            auto member = enroll_left_over(std::move(*remedy.row));
            return member->is_warm() ? adopt_warm(std::move(member)) : adopt(std::move(member));
        }
        case Remedy::Kind::sleep: {
            auto member = enroll(std::move(*remedy.row));
            return change_rest(member, recover_asleep(member));
        }
        case Remedy::Kind::mark_lost:
            return give_up(
                std::move(*remedy.row),
                {"desk_gone", "the desk is gone: the machine was restarted, or somebody removed it"});
        case Remedy::Kind::remove: return remove(std::move(*remedy.row));
        case Remedy::Kind::remove_odd:
            core::log_warning("desk {} belongs to no session: it is removed", remedy.id);
            return driver_.remove(std::move(remedy.id));
    }
    std::unreachable();
}

Fleet::MemberPtr Fleet::enroll_left_over(store::DeskRow row) {
    auto member = enroll(std::move(row));
    member->is_left_over = true;
    if (!member->is_warm())
        member->place = places_.take_over({member->row.principal, member->row.shape.limits});
    return member;
}

Task<> Fleet::remove(store::DeskRow row) {
    co_await driver_.remove(row.id);
    if (!row.is_removed) co_await set_removed(row.id, row.reservation);
}

/// Asks until the desk is well, is proved not to be ours, or is ended by somebody.
Task<> Fleet::adopt(MemberPtr member) {
    const auto hung_from = Clock::now() + options_.patience.hung;
    auto pause = first_asking_pause;
    bool is_told = false;
    while (!member->is_ending) {
        // At first no longer than until it has to be told; then as long as a new desk may take.
        const auto left = std::chrono::ceil<Duration>(hung_from - Clock::now());
        const auto all_patience = options_.patience.hello + options_.patience.ready;
        const auto step = co_await try_to_adopt(member, is_told ? all_patience : std::max(left, 1ms));
        if (member->is_ending) co_return;
        if (step.kind == AdoptionStep::Kind::not_ours) co_return co_await disown(member, step.why);
        if (step.kind == AdoptionStep::Kind::well) {
            core::log_info("desk {} is taken over", member->row.id);
            if (member->row.state == DeskState::starting)
                store_.post(state_change(member->row, DeskState::ready, {}));
            co_return enter(member);
        }
        // One that rests is not expected to answer, and must not be woken by what is told of it.
        if (!is_told && !member->is_resting() && Clock::now() >= hung_from) {
            is_told = true;
            tell_unwell(member,
                        {"desk_hung",
                         fmt::format("the desk has not answered since the server was started again ({}); it "
                                     "is asked until it does, and can be replaced by a new one",
                                     step.why)});
        }
        co_await member->changed.wait_for(pause);
        pause = std::min<std::chrono::milliseconds>(pause * 2, longest_asking_pause);
    }
}

/// One that is not as new as it would be made now, or not found at once, is not worth asking twice.
Task<> Fleet::adopt_warm(MemberPtr member) {
    std::string why_not = "a newer image or program has come";
    try {
        auto adoption = co_await driver_.adopt(member->row.id);
        member->desk = std::move(adoption.desk);
        if (!member->desk)
            why_not = std::move(adoption.why_not);
        else if (adoption.nonce != member->row.nonce)
            why_not = "its identity file has another nonce than its row";
        else if (driver_.is_current(*member->desk) && find_pool(member->row.shape.image)) {
            co_await put_to_rest(member);
            member->is_left_over = false;
            member->is_ready = true;
            watch_end(member);
            core::log_info("warm desk {} is taken over", member->row.id);
            co_return;
        }
    } catch (const core::Error& error) {
        why_not = error.message();
    }
    core::log_info("warm desk {} is not kept: {}", member->row.id, why_not);
    member->is_ending = true;
    member->desk.reset();
    leave(member);
    co_await remove(member->row);
}

/// As the host must have it before it is asked, whatever it was cut in.
Task<> Fleet::bring_to_state(MemberPtr member) {
    if (!capabilities_.can_freeze) co_return;
    if (member->is_resting())
        co_await member->desk->freeze();
    else
        co_await member->desk->thaw();
}

Task<AdoptionStep> Fleet::try_to_adopt(MemberPtr member, Duration limit) {
    using Kind = AdoptionStep::Kind;
    try {
        if (!member->desk) {
            auto adoption = co_await driver_.adopt(member->row.id);
            if (!adoption.desk) co_return AdoptionStep{Kind::not_ours, std::move(adoption.why_not)};
            if (adoption.nonce != member->row.nonce)
                co_return AdoptionStep{Kind::not_ours, "its identity file has another nonce than its row"};
            member->desk = std::move(adoption.desk);
            if (member->is_ending) co_return AdoptionStep{Kind::unknown, "somebody ends it"};
            watch_end(member);
        }
        co_await bring_to_state(member);
        // It answers nothing; what it is, is known by its identity and its socket's owner.
        if (member->is_resting()) co_return AdoptionStep{Kind::well, {}};
        Timings timings;
        co_await async::deadline(limit, "its answer",
                                 member->check(member->row.nonce, options_.patience, timings));
        co_return AdoptionStep{Kind::well, {}};
    } catch (const core::Error& error) {
        const bool is_proved = error.reason() == not_this_desk;
        co_return AdoptionStep{is_proved ? Kind::not_ours : Kind::unknown, error.message()};
    } catch (...) {
        if (async::is_cancellation(std::current_exception())) throw;
        co_return AdoptionStep{Kind::unknown, core::message_of(std::current_exception())};
    }
}

Task<> Fleet::disown(MemberPtr member, std::string why) {
    member->is_ending = true;
    co_await member->stop_watching();
    member->desk.reset();
    std::exception_ptr failure;
    try {
        co_await give_up(member->row, {"not_adopted", std::move(why)});
    } catch (...) {
        failure = std::current_exception();
    }
    // Also when it could not be removed: its session can be deleted, or get another desk.
    leave(member);
    if (failure) std::rethrow_exception(failure);
}

/// The server serves now: nobody shall take them for ready.
void Fleet::tell_of_late_ones() {
    for (const auto& [id, member] : members_)
        if (member->is_left_over && !member->is_warm() && !member->is_resting() && !member->is_ready &&
            !member->is_ending)
            tell_unwell(member, {});
}

void Fleet::tell_unwell(const MemberPtr& member, Ending why) {
    if (!why.reason.empty()) core::log_warning("desk {}: {}", member->row.id, why.reason);
    tell_state(member, DeskState::starting, why);
}

Task<> Fleet::give_up(store::DeskRow row, Ending ending) {
    core::log_warning("desk {} is lost: {}", row.id, ending.reason);
    store_.post(state_change(row, DeskState::lost, ending));
    co_await remove(std::move(row));
}

}  // namespace carrel::fleet
