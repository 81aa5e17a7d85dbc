// One question to a jail, for commands that run without a server.
#pragma once

#include "core/fd.hpp"
#include "jail/wire/messages.hpp"

namespace carrel::app {

/// Sends and waits; throws the answer's error, or Error{unavailable} when the jail ended instead.
jail::wire::Answer ask(const core::Fd& socket, jail::wire::What what);

}  // namespace carrel::app
