// PID 1 of a desk: starts the display, the window manager, the panel and the tool server, reaps
// everything, and starts again what dies.
#pragma once

#include <cstddef>

namespace carrel::desk {

/// The descriptor on which the tool server finds the listening socket of the desk's endpoint, in
/// init and in every `serve`.
constexpr int endpoint_fd = 3;
/// The descriptor on which `serve` talks to init (SOCK_SEQPACKET). Every message is a Word, one byte; after
/// programs_ended come the pids (pid_t) of what init keeps alive.
constexpr int link_fd = 4;

/// What init tells the tool server, and the tool server tells init ('r', 'e').
enum class Word : char {
    display_restarted = 'd',
    window_manager_restarted = 'w',
    tool_server_restarted = 't',
    message_bus_started = 'b',
    window_manager_ready = 'r',
    end_programs = 'e',  ///< all but init and what it keeps alive
    programs_ended = 'E',
};

/// In the environment of a tool server that follows one that broke down.
constexpr auto next_server_variable = "CARREL_NEXT_SERVER";

/// Of what init keeps alive there are so many at most.
constexpr std::size_t most_parts = 5;

/// How init ends: told to, by a failure of its own, or because a part that a desk needs was started five
/// times within a minute and ended again. Whoever made the desk tells its user by this (see explain_ending of
/// the native driver).
enum class InitEnd : int {
    stopped = 0,
    failed = 1,
    display_failed = 10,
    window_manager_failed = 11,
    tool_server_failed = 12,
};

/// Runs until one of the above. Needs fd 3 to listen, and the environment that the jail gives:
/// CARREL_WIDTH, CARREL_HEIGHT, XDG_RUNTIME_DIR, PATH.
///
/// The end of PID 1 is the end of the desk: the kernel kills the rest.
int run_init();

}  // namespace carrel::desk
