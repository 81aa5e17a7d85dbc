// The columns of a desk's row: one list for every query that answers DeskRows.
#pragma once

#include <string_view>

#include "store/rows.hpp"
#include "store/sql.hpp"

namespace carrel::store {

/// Of the table desks, called d in the query. The column slot holds the reservation.
inline constexpr std::string_view desk_columns =
    "d.id, d.session_id, d.principal, d.slot, d.image, d.nonce, d.network, d.width, d.height, d.state, "
    "d.code, d.reason, d.is_removed, d.created_at, d.memory, d.cpu_percent, d.processes, d.disk, "
    "d.workspace, d.workspace_home, d.shares_workspace";

/// The row's desk, whose columns begin at `first`.
DeskRow read_desk(const sql::Statement& row, int first);

/// Times are stored in milliseconds since 1970.
core::Instant instant_of(std::int64_t milliseconds);
std::int64_t number_of(core::Instant instant);

}  // namespace carrel::store
