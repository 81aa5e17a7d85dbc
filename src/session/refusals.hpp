// Why a session or its desk cannot be used, as its user is told.
#pragma once

#include <string>

#include "core/error.hpp"
#include "store/rows.hpp"

namespace carrel::session {

core::Error no_session(const std::string& id);
/// For who wants something new of a server that ends.
core::Error draining();
/// Whoever wants to use a paused desk must say that it shall go on.
core::Error paused(const std::string& session);
/// For a desk that calls cannot go to now.
core::Error not_ready(const store::DeskRow& desk);

}  // namespace carrel::session
