// The words of `exec` that are another program's.
#pragma once

#include <string>
#include <vector>

namespace carrel::app {

/// Takes the command out of `words`, which are those of the command line without the program's name: all that
/// follows the session, so that its options are its own (`exec sess_… ls -la`). Options of exec may stand
/// before the session and after it; a "--" before the command is left out. Empty when the word is not exec,
/// or there is none. Pure.
std::vector<std::string> take_command(std::vector<std::string>& words);

/// The words as one line for a shell: a single one is such a line itself, several are quoted. Pure.
std::string command_line(const std::vector<std::string>& words);

}  // namespace carrel::app
