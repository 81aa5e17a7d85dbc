#include "store/desk_columns.hpp"

namespace carrel::store {

core::Instant instant_of(std::int64_t milliseconds) {
    return core::Instant{std::chrono::milliseconds{milliseconds}};
}

std::int64_t number_of(core::Instant instant) { return instant.time_since_epoch().count(); }

DeskRow read_desk(const sql::Statement& row, int first) {
    const auto text = [&](int column) { return row.text(first + column); };
    const auto number = [&](int column) { return row.number(first + column); };
    DeskRow desk;
    desk.id = text(0);
    desk.session_id = row.find_text(first + 1).value_or("");
    desk.principal = text(2);
    desk.reservation = static_cast<unsigned>(number(3));
    desk.shape.image = text(4);
    desk.nonce = text(5);
    desk.shape.network = core::network_of(text(6));
    desk.shape.width = static_cast<int>(number(7));
    desk.shape.height = static_cast<int>(number(8));
    desk.state = desk_state_of(text(9));
    desk.code = text(10);
    desk.reason = text(11);
    desk.is_removed = number(12) != 0;
    desk.created_at = instant_of(number(13));
    desk.shape.limits.memory = 0;  // a row of an older program, which did not say
    if (number(14) > 0)
        desk.shape.limits = {.cpus = static_cast<double>(number(15)) / 100,
                             .memory = static_cast<std::uint64_t>(number(14)),
                             .processes = static_cast<unsigned>(number(16)),
                             .disk = static_cast<std::uint64_t>(number(17))};
    desk.shape.workspace = text(18);
    desk.shape.workspace_home = number(19) != 0;
    desk.shape.shares_workspace = number(20) != 0;
    return desk;
}

}  // namespace carrel::store
