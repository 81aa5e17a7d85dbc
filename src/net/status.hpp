// HTTP's statuses, and the one table of Error ↔ status: for whoever answers an error (server, desk) and for
// whoever is answered one (server's client of desks, command line).
#pragma once

#include <optional>
#include <string_view>

#include "core/error.hpp"

namespace carrel::net {

/// The standard phrase of a status; "Unknown" when there is none.
std::string_view phrase_of(int status);

/// The status that answers an error: by its reason where that has one of its own, else by its code.
int status_of(const core::Error& error);

/// The inverse: the code of the error that was answered with that status, where `reason` is the word that
/// came along (`code` of a problem document). Nothing for a status that answers no error of ours.
std::optional<core::Code> find_code(int status, std::string_view reason);

}  // namespace carrel::net
