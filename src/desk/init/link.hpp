// What init and the tool server agree on: descriptors, the words they say to each other, and where the
// sockets of the desk's own programs lie.
#pragma once

#include <cstddef>
#include <string>

namespace carrel::desk::init {

/// The descriptor on which the tool server finds the listening socket of the desk's endpoint, in
/// init and in every `serve`.
constexpr int endpoint_fd = 3;
/// The descriptor on which `serve` talks to init (SOCK_SEQPACKET). Every message is a Word, one byte; after
/// programs_ended come the pids (pid_t) of what init keeps alive, after give_environment and keep_lines lines
/// "NAME=value" for init's own environ, each with a NUL behind it.
constexpr int link_fd = 4;
/// The descriptor of `serve` that takes what the browser writes; init puts it into the desk's log.
constexpr int browser_fd = 5;

/// What init tells the tool server, and the tool server tells init ('r', 'e', 'g', 'k').
enum class Word : char {
    display_restarted = 'd',
    window_manager_restarted = 'w',
    tool_server_restarted = 't',
    message_bus_started = 'b',
    window_manager_ready = 'r',
    end_programs = 'e',  ///< all but init and what it keeps alive
    programs_ended = 'E',
    give_environment = 'g',   ///< what runs already of the desk's programs is started anew with it
    environment_given = 'G',  ///< and has ended; what is needed of it starts now
    keep_lines = 'k',         ///< the same lines, which no program is given: nothing is started anew
};

/// In the environment of a tool server that follows one that broke down.
constexpr auto next_server_variable = "CARREL_NEXT_SERVER";

/// In the environment of a tool server whose desk has begun: a digest of what was wished.
constexpr auto begun_variable = "CARREL_BEGUN";

/// Of what init keeps alive there are so many at most.
constexpr std::size_t most_parts = 5;

/// Whether the desk's image has a display: CARREL_DISPLAY, which the jail sets, does not say "none".
bool has_display();

/// XDG_RUNTIME_DIR: where the sockets of the desk's own programs lie.
std::string runtime_folder();

/// Where Xvnc gives and takes the screen as RFB.
std::string viewer_socket();

}  // namespace carrel::desk::init
