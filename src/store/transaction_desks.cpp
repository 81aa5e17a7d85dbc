#include "store/transaction.hpp"

namespace carrel::store {

void Transaction::insert_desk(const DeskRow& desk) {
    db_.prepare(
           "INSERT INTO desks (id, session_id, principal, slot, image, nonce, network, width, height, state, "
           "code, reason, is_removed, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(desk.id, desk.session_id, desk.principal, desk.slot, desk.image, desk.nonce, desk.network,
              desk.width, desk.height, name_of(desk.state), desk.code, desk.reason, desk.is_removed,
              desk.created_at.time_since_epoch().count())
        .run();
    db_.prepare("UPDATE sessions SET desk_id = ? WHERE id = ?").bind(desk.id, desk.session_id).run();
}

void Transaction::set_desk_state(std::string_view id, DeskState state, std::string_view code,
                                 std::string_view reason) {
    may_use_reserve_ |= state != DeskState::starting && state != DeskState::ready;
    db_.prepare("UPDATE desks SET state = ?, code = ?, reason = ? WHERE id = ?")
        .bind(name_of(state), code, reason, id)
        .run();
}

void Transaction::set_desk_removed(std::string_view id) {
    may_use_reserve_ = true;
    db_.prepare("UPDATE desks SET is_removed = 1 WHERE id = ?").bind(id).run();
}

std::vector<DeskRow> Transaction::desks_on_host() {
    auto row = db_.prepare(
        "SELECT id, session_id, principal, slot, image, nonce, network, width, height, state, code, reason, "
        "created_at FROM desks WHERE is_removed = 0 ORDER BY slot");
    std::vector<DeskRow> desks;
    while (row.step()) {
        DeskRow desk;
        desk.id = row.text(0);
        desk.session_id = row.text(1);
        desk.principal = row.text(2);
        desk.slot = static_cast<unsigned>(row.number(3));
        desk.image = row.text(4);
        desk.nonce = row.text(5);
        desk.network = row.text(6);
        desk.width = static_cast<int>(row.number(7));
        desk.height = static_cast<int>(row.number(8));
        desk.state = desk_state_of(row.text(9));
        desk.code = row.text(10);
        desk.reason = row.text(11);
        desk.created_at = core::Instant{std::chrono::milliseconds{row.number(12)}};
        desks.push_back(std::move(desk));
    }
    return desks;
}

}  // namespace carrel::store
