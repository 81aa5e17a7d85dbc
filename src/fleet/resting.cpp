// Desks whose processes stand still: frozen because nobody used them, or paused by their owner.
#include <utility>

#include "async/shield.hpp"
#include "core/log.hpp"
#include "fleet/fleet.hpp"

namespace carrel::fleet {

using core::Code;
using core::Error;
using store::DeskState;

/// One change at a time of whether a desk rests.
Task<> Fleet::change_rest(MemberPtr member, Task<> change) {
    while (member->is_resting_changing) co_await member->changed.wait();
    member->is_resting_changing = true;
    struct Done {
        Member& member;
        ~Done() {
            member.is_resting_changing = false;
            member.changed.notify_all();
        }
    } const done{*member};
    co_await std::move(change);
}

Task<> Fleet::freeze(std::string session_id, DeskState state, Along along) {
    const auto member = find(session_id);
    if (!member || !member->is_ready || member->is_ending)
        throw Error{Code::conflict, "the session has no desk that is ready", "desk_not_ready"};
    if (!capabilities_.can_freeze)
        throw Error{Code::unavailable, "desks cannot be frozen on this host (`carrel doctor` says why)",
                    "cannot_freeze"};
    co_await change_rest(member, freeze_member(member, state, std::move(along)));
}

Task<> Fleet::freeze_member(MemberPtr member, DeskState state, Along along) {
    if (!member->is_ready || member->is_ending)
        throw Error{Code::conflict, "the desk is ending", "desk_ending"};
    if (member->row.state == DeskState::asleep)
        throw Error{Code::conflict, "the desk sleeps: there is nothing in it that could be stopped",
                    "desk_asleep"};
    // Nobody's idleness makes a paused desk one that any call wakes.
    const bool is_paused_already = state == DeskState::frozen && member->is_resting();
    if (member->row.state == state || is_paused_already) co_return;
    const auto before = std::exchange(member->row.state, state);  // no call goes to it from here on
    std::exception_ptr failure;
    bool is_committed = false;
    try {
        // Committed first: a desk that is found frozen without a word of it would count as hung.
        co_await store_.run([along = std::move(along), told = state_change(member->row, state, {})](auto& t) {
            if (along) along(t);
            told(t);
        });
        is_committed = true;
        if (!store::is_resting(before)) co_await member->desk->freeze();
        co_return;
    } catch (...) {
        failure = std::current_exception();
    }
    if (!store::is_resting(before)) co_await try_to_thaw(member);
    member->row.state = before;
    if (is_committed && !member->is_ending) store_.post(state_change(member->row, before, {}));
    std::rethrow_exception(failure);
}

/// It may have been half frozen when that failed: nobody would wake what counts as running.
Task<> Fleet::try_to_thaw(MemberPtr member) {
    try {
        co_await member->desk->thaw();
    } catch (const core::Error& error) {
        core::log_warning("desk {} could not be frozen, nor let go on: {}", member->row.id, error.message());
    }
}

Task<> Fleet::wake(std::string session_id, core::DeskBeginning beginning) {
    const auto member = find(session_id);
    const bool is_asleep = member && (member->row.state == DeskState::asleep || member->is_rising);
    if (is_asleep && !member->is_ending)
        co_return co_await async::shield(scope_, "waking a desk", rise_once(member, std::move(beginning)));
    if (!member || !member->is_ready || member->is_ending) co_return;
    if (!member->is_resting() && !member->is_resting_changing) co_return;
    co_await change_rest(member, wake_member(member));
}

Task<> Fleet::wake_member(MemberPtr member) {
    if (!member->is_resting() || !member->is_ready || member->is_ending) co_return;
    const bool was_paused = member->row.state == DeskState::paused;
    // Whoever was told that it goes on shall not find it paused again by the next server, which no call
    // wakes.
    if (was_paused) co_await store_.run(state_change(member->row, DeskState::ready, {}));
    co_await member->desk->thaw();
    if (member->is_ending) co_return;
    // Nobody waits for the commit of a frozen one: a server that ends before it freezes the desk again, which
    // any call wakes.
    if (was_paused)
        member->row.state = DeskState::ready;
    else
        tell_state(member, DeskState::ready, {});
    member->changed.notify_all();
}

}  // namespace carrel::fleet
