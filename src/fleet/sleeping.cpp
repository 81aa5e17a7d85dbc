// Desks that sleep: without processes, reservation and place, with their files. See fleet.hpp.
#include <fmt/format.h>

#include <utility>

#include "async/shield.hpp"
#include "core/id.hpp"
#include "core/log.hpp"
#include "fleet/fleet.hpp"

namespace carrel::fleet {

using core::Code;
using core::Error;
using store::DeskState;

namespace {

Ending gone_to_sleep() {
    return {
        "asleep",
        "nobody used the desk: its programs have ended and its files are kept; the next call makes it anew"};
}

Ending woken() {
    return {std::string{after_sleep},
            "the desk slept: its programs have ended since, its files are as they were"};
}

/// For whoever waited: that nothing is lost, and what was wrong.
Error not_woken(const Error& error) {
    const bool is_clients =
        error.code() == Code::exhausted || error.code() == Code::conflict || error.code() == Code::timeout;
    return {is_clients ? error.code() : Code::unavailable,
            fmt::format("the desk sleeps and could not be woken (its files are kept): {}", error.message()),
            is_clients ? error.reason() : std::string{cannot_wake}};
}

/// Whether the driver says so: whatever else fails may not the next time (see Driver::put_to_sleep).
bool are_files_lost(const Error& error) { return error.reason() == "nothing_to_keep"; }

}  // namespace

Task<> Fleet::sleep(std::string session_id, std::function<bool()> is_wanted) {
    const auto member = find(session_id);
    if (!member || !member->is_ready || member->is_ending)
        throw Error{Code::conflict, "the session has no desk that is ready", "desk_not_ready"};
    // What it is cut in would be finished by the next server only.
    co_await async::shield(scope_, "putting a desk to sleep",
                           change_rest(member, put_to_sleep(member, std::move(is_wanted))));
}

bool Fleet::can_sleep(const std::string& session_id) const {
    const auto member = find(session_id);
    return member && member->desk && member->desk->can_sleep();
}

Task<> Fleet::put_to_sleep(MemberPtr member, std::function<bool()> is_wanted) {
    if (!member->is_ready || member->is_ending || member->is_resting() || !is_wanted()) co_return;
    const auto before =
        std::exchange(member->row.state, DeskState::asleep);  // no call goes to it from here on
    std::exception_ptr failure;
    try {
        co_await store_.run(state_change(member->row, DeskState::asleep, gone_to_sleep()));
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        member->row.state = before;
        // It may have died meanwhile, when that was no news.
        if (member->ending && !member->is_ending)
            scope_.start("the end of " + member->row.id, end_by_itself(member));
        std::rethrow_exception(failure);
    }
    member->row.code = gone_to_sleep().code;
    member->row.reason = gone_to_sleep().reason;
    if (!member->is_ending) co_await lay_down(std::move(member));
}

/// Its sleep is committed: makes it true. What fails leaves it asleep, with what is reserved for it; whoever
/// wakes it, and the next server, tries again first.
Task<> Fleet::lay_down(MemberPtr member) {
    member->is_ready = false;  // nobody ends it meanwhile
    member->is_left_over = false;
    std::exception_ptr failure;
    try {
        co_await member->stop_watching();
        co_await driver_.put_to_sleep(member->row.id);
        member->desk.reset();
        member->place.reset();
        co_await set_removed(member->row.id, member->row.reservation);
        member->row.is_removed = true;
    } catch (...) {
        failure = std::current_exception();
    }
    if (async::is_cancellation(failure)) std::rethrow_exception(failure);
    member->is_ready = true;
    member->changed.notify_all();
    if (failure) std::rethrow_exception(failure);
}

/// One at a time makes it anew. Who came while another did has what that one got.
Task<> Fleet::rise_once(MemberPtr member, core::DeskBeginning beginning) {
    const auto seen = member->rises;
    while (member->is_resting_changing) co_await member->changed.wait();
    if (member->rises != seen && member->rise_failure) throw Error{*member->rise_failure};
    if (member->row.state != DeskState::asleep || member->is_ending) co_return;
    member->rise_failure.reset();
    member->is_rising = true;
    struct Done {
        Member& member;
        ~Done() {
            ++member.rises;
            member.is_rising = false;
            member.changed.notify_all();
        }
    } const done{*member};
    try {
        co_await change_rest(member, rise(member, std::move(beginning)));
    } catch (const Error& error) {
        member->rise_failure = member->is_ending ? error : not_woken(error);
    }
    if (member->rise_failure) throw Error{*member->rise_failure};
}

Task<> Fleet::rise(MemberPtr member, core::DeskBeginning beginning) {
    auto& row = member->row;
    if (row.state != DeskState::asleep || !member->is_ready || member->is_ending) co_return;
    if (!row.is_removed) co_await lay_down(member);
    if (member->is_ending) co_return;
    refuse_taken_workspace(row.principal, row.shape);
    member->place = places_.take({row.principal, row.shape.limits});
    const Asking asking{*this};
    const auto slept = row;
    member->is_ready = false;
    row.state = DeskState::starting;
    row.code = after_sleep;
    row.reason = woken().reason;
    row.is_removed = false;
    row.reservation = driver_.reserve();
    row.nonce = core::random_hex(32);
    std::exception_ptr failure;
    try {
        co_await store_.run([row, change = state_change(row, row.state, woken())](store::Transaction& t) {
            t.set_desk_anew(row);
            change(t);
        });
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        driver_.release(row.reservation);
        row = slept;
        member->place.reset();
        member->is_ready = true;
        std::rethrow_exception(failure);
    }
    Timings timings;
    try {
        co_await launch(member, true, std::move(beginning), timings);
    } catch (...) {
        failure = std::current_exception();
    }
    if (async::is_cancellation(failure)) std::rethrow_exception(failure);
    if (failure) co_return co_await sleep_on(std::move(member), error_from(failure));
    store_.post(state_change(row, DeskState::ready, woken()));
    member->ending.reset();
    watch_end(member);
    row.state = DeskState::ready;
    enter(member);
    row.code = after_sleep;
    row.reason = woken().reason;
}

/// It could not be made anew, or not as it should be: its files are kept on.
Task<> Fleet::sleep_on(MemberPtr member, Error error) {
    core::log_warning("desk {} could not be woken: {}", member->row.id, error.message());
    tell_state(member, DeskState::asleep, {std::string{cannot_wake}, error.message()});
    std::optional<Error> failure;
    try {
        co_await lay_down(member);
    } catch (const Error& at_that) {
        failure = at_that;
    }
    if (!failure || !are_files_lost(*failure)) throw Error{error};
    co_await disown(member, failure->message());
    throw Error{Code::conflict, "the files of the desk, which slept, are lost: " + failure->message(),
                "desk_lost"};
}

/// As an earlier server left it: asleep, going to sleep, or being made anew for somebody who had no answer.
Task<> Fleet::recover_asleep(MemberPtr member) {
    if (member->row.state != DeskState::asleep) tell_state(member, DeskState::asleep, gone_to_sleep());
    std::optional<Error> failure;
    try {
        if (!member->row.is_removed) co_await lay_down(member);
    } catch (const Error& error) {
        failure = error;
    }
    if (failure && are_files_lost(*failure)) co_return co_await disown(member, failure->message());
    if (failure) core::log_error("desk {} was not put to sleep: {}", member->row.id, failure->message());
    member->is_ready = true;
}

}  // namespace carrel::fleet
