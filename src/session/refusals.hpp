// Why a session or its desk cannot be used, as its user is told.
#pragma once

#include <string>

#include "core/error.hpp"
#include "store/rows.hpp"

namespace carrel::session {

core::Error no_session(const std::string& id);
/// For a desk that calls cannot go to now.
core::Error not_ready(const store::DeskRow& desk);

}  // namespace carrel::session
