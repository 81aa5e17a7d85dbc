#include <fmt/format.h>

#include <cmath>

#include "store/desk_columns.hpp"
#include "store/transaction.hpp"

namespace carrel::store {

namespace {

std::optional<std::string> or_null(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional{text};
}

std::int64_t percent_of(const core::Limits& limits) { return std::lround(limits.cpus * 100); }

}  // namespace

void Transaction::insert_desk(const DeskRow& desk) {
    db_.prepare(
           "INSERT INTO desks (id, session_id, principal, slot, image, nonce, network, width, height, state, "
           "code, reason, is_removed, created_at, memory, cpu_percent, processes, disk, "
           "workspace, workspace_home, shares_workspace) VALUES "
           "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(desk.id, or_null(desk.session_id), desk.principal, desk.reservation, desk.shape.image,
              desk.nonce, core::name_of(desk.shape.network), desk.shape.width, desk.shape.height,
              name_of(desk.state), desk.code, desk.reason, desk.is_removed, number_of(desk.created_at),
              desk.shape.limits.memory, percent_of(desk.shape.limits), desk.shape.limits.processes,
              desk.shape.limits.disk, desk.shape.workspace, desk.shape.workspace_home,
              desk.shape.shares_workspace)
        .run();
    point_session_at(desk);
}

void Transaction::set_desk_owner(const DeskRow& desk) {
    db_.prepare(
           "UPDATE desks SET session_id = ?, principal = ?, network = ?, width = ?, height = ?, memory = ?, "
           "cpu_percent = ?, processes = ?, disk = ?, workspace = ?, workspace_home = ?, shares_workspace = "
           "?, "
           "state = ? WHERE id = ?")
        .bind(desk.session_id, desk.principal, core::name_of(desk.shape.network), desk.shape.width,
              desk.shape.height, desk.shape.limits.memory, percent_of(desk.shape.limits),
              desk.shape.limits.processes, desk.shape.limits.disk, desk.shape.workspace,
              desk.shape.workspace_home, desk.shape.shares_workspace, name_of(desk.state), desk.id)
        .run();
    point_session_at(desk);
}

void Transaction::point_session_at(const DeskRow& desk) {
    if (desk.session_id.empty()) return;
    db_.prepare("UPDATE sessions SET desk_id = ? WHERE id = ?").bind(desk.id, desk.session_id).run();
}

void Transaction::set_desk_state(std::string_view id, DeskState state, std::string_view code,
                                 std::string_view reason) {
    const bool is_end = state == DeskState::failed || state == DeskState::lost ||
                        state == DeskState::stopped || state == DeskState::asleep;
    const bool is_trouble = !code.empty() || is_end;
    may_use_reserve_ |= is_trouble;
    db_.prepare("UPDATE desks SET state = ?, code = ?, reason = ? WHERE id = ?")
        .bind(name_of(state), code, reason, id)
        .run();
}

void Transaction::set_desk_anew(const DeskRow& desk) {
    db_.prepare("UPDATE desks SET slot = ?, nonce = ?, is_removed = 0 WHERE id = ?")
        .bind(desk.reservation, desk.nonce, desk.id)
        .run();
}

void Transaction::set_desk_screen(std::string_view id, int width, int height) {
    db_.prepare("UPDATE desks SET width = ?, height = ? WHERE id = ?").bind(width, height, id).run();
}

void Transaction::set_desk_removed(std::string_view id) {
    may_use_reserve_ = true;
    db_.prepare("DELETE FROM desks WHERE id = ? AND session_id IS NULL").bind(id).run();
    db_.prepare("UPDATE desks SET is_removed = 1 WHERE id = ?").bind(id).run();
}

std::vector<std::string> Transaction::desks_of_session(std::string_view session_id) {
    auto row = db_.prepare("SELECT id FROM desks WHERE session_id = ? ORDER BY created_at DESC, id");
    row.bind(session_id);
    std::vector<std::string> ids;
    while (row.step()) ids.push_back(row.text(0));
    return ids;
}

bool Transaction::has_desk(std::string_view id) {
    auto row = db_.prepare("SELECT 1 FROM desks WHERE id = ?");
    return row.bind(id).step();
}

std::vector<DeskRow> Transaction::desks_on_host() {
    static const auto query = fmt::format(
        "SELECT {} FROM desks d WHERE d.is_removed = 0 OR d.state = 'asleep' ORDER BY d.slot", desk_columns);
    auto row = db_.prepare(query);
    std::vector<DeskRow> desks;
    while (row.step()) desks.push_back(read_desk(row, 0));
    return desks;
}

}  // namespace carrel::store
