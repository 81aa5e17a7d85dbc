// SQLite behind the seam of sql.hpp; sqlite.cpp alone includes its header.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "store/sql.hpp"

namespace carrel::store::sql {

/// Opens or makes the file: WAL, synchronous=FULL, foreign keys checked. `most_pages` (of 4096 bytes): beyond
/// them the database is full; 0: the disk decides. Throws Error.
std::unique_ptr<Connection> open_sqlite(const std::string& path, std::int64_t most_pages = 0);

}  // namespace carrel::store::sql
