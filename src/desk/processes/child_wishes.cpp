#include "desk/processes/child_wishes.hpp"

#include <fmt/format.h>

#include "desk/processes/signals.hpp"
#include "ops/desk/pty.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::processes {

namespace {

rest::Unprocessable refusal(std::string_view root, std::string field, std::string message) {
    return rest::Unprocessable{{{{std::move(field)}, std::move(message), "out_of_range"}}, root};
}

}  // namespace

void check_command(const std::string& command, std::string_view root) {
    if (command.contains('\0')) throw refusal(root, "command", "cannot contain the character NUL");
    if (command.size() > ops::longest_word)
        throw refusal(root, "command",
                      fmt::format("has {} bytes, and {} at most can be executed; write longer ones to a file",
                                  command.size(), ops::longest_word));
}

void check_folder(const std::string& folder, std::string_view root) {
    if (folder.contains('\0')) throw refusal(root, "cwd", "cannot contain the character NUL");
    if (!folder.empty() && !folder.starts_with('/')) throw refusal(root, "cwd", "must be an absolute path");
}

int get_signal(std::string_view name) {
    const auto number = find_signal(name);
    if (!number) throw refusal("body", "signal", no_such_signal(name));
    return *number;
}

}  // namespace carrel::desk::processes
