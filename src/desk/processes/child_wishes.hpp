// What clients may wish of a program that is started for them. Each throws Unprocessable.
#pragma once

#include <string>
#include <string_view>

namespace carrel::desk::processes {

/// A command fits into one word of a program's arguments, and holds no NUL. `root` is "body" or "query".
void check_command(const std::string& command, std::string_view root);
/// A folder is named by its absolute path; empty: none was.
void check_folder(const std::string& folder, std::string_view root);
/// The number of a signal by its name.
int get_signal(std::string_view name);

}  // namespace carrel::desk::processes
