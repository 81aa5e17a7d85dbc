// PID 1 of a desk: starts the display, the window manager, the panel and the tool server, reaps
// everything, and starts again what dies.
#pragma once

namespace carrel::desk::init {

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

/// Where the jail puts the file of the desk's log (log_memory.hpp).
constexpr int log_fd = 4;

/// Runs until one of the above. Needs fd 3 to listen, and the environment that the jail gives:
/// CARREL_WIDTH, CARREL_HEIGHT, XDG_RUNTIME_DIR, PATH; with CARREL_DISPLAY=none there is no display, and
/// nothing that needs one. Tells the log at log_fd what it starts, what ends and how, and what its children
/// write.
///
/// The end of PID 1 is the end of the desk: the kernel kills the rest.
int run_init();

}  // namespace carrel::desk::init
