// What the fleet does when the server starts: see plan_recovery for the cases.
#include <fmt/format.h>

#include "async/all.hpp"
#include "core/log.hpp"
#include "fleet/fleet.hpp"

namespace carrel::fleet {

using store::DeskState;

Task<> Fleet::recover() {
    const auto rows = co_await store_.run([](store::Transaction& t) { return t.desks_on_host(); });
    for (const auto& row : rows) driver_.keep_reserved(row.reservation);
    std::vector<Task<>> tasks;
    for (auto& remedy : plan_recovery(rows, co_await driver_.list()))
        tasks.push_back(recover_one(std::move(remedy)));
    co_await async::all("taking over a desk", std::move(tasks));
}

Task<> Fleet::recover_one(Remedy remedy) {
    switch (remedy.kind) {
        case Remedy::Kind::adopt: co_await adopt(std::move(*remedy.row)); break;
        case Remedy::Kind::mark_lost:
            co_await give_up(
                std::move(*remedy.row),
                {"desk_gone", "the desk is gone: the machine was restarted, or somebody removed it"});
            break;
        case Remedy::Kind::remove:
            co_await driver_.remove(remedy.id);
            co_await set_removed(remedy.id, remedy.row->reservation);
            break;
        case Remedy::Kind::remove_odd:
            core::log_warning("desk {} belongs to no session: it is removed", remedy.id);
            co_await driver_.remove(remedy.id);
            break;
    }
}

Task<> Fleet::adopt(store::DeskRow row) {
    const auto member = enroll(std::move(row));
    std::string why;
    try {
        auto adoption = co_await driver_.adopt(member->row.id);
        why = adoption.why_not;
        member->desk = std::move(adoption.desk);
        if (member->desk) {
            Timings timings;
            co_await member->check(adoption.nonce, options_.patience, timings);
        } else if (why.empty()) {
            why = "the desk could not be taken over";
        }
    } catch (const core::Error& error) {
        why = error.message();
    }
    if (why.empty()) {
        core::log_info("desk {} is taken over", member->row.id);
        if (member->row.state == DeskState::starting)
            store_.post(state_change(member->row, DeskState::ready, {}));
        enter(member);
        co_return;
    }
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

Task<> Fleet::give_up(store::DeskRow row, Ending ending) {
    core::log_warning("desk {} is lost: {}", row.id, ending.reason);
    store_.post(state_change(row, DeskState::lost, ending));
    co_await driver_.remove(row.id);
    co_await set_removed(row.id, row.reservation);
}

}  // namespace carrel::fleet
