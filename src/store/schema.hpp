// The shape of the database, and how an older one is brought up to date.
#pragma once

#include <span>
#include <string_view>

#include "store/sql.hpp"

namespace carrel::store {

/// The numbered steps of schema/, oldest first. A step that was released is never changed again.
std::span<const std::string_view> migrations();

/// Applies the steps that the database lacks, each in its own transaction.
/// Throws Error{conflict} when the database was made by a newer program.
void migrate(sql::Connection& connection, std::span<const std::string_view> steps);

}  // namespace carrel::store
