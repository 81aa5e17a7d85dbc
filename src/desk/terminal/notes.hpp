// What the terminal itself has to say of a command: sentences, a line each.
#pragma once

#include <string>
#include <string_view>

namespace carrel::desk::terminal {

void add_note(std::string& notes, std::string_view note);

}  // namespace carrel::desk::terminal
