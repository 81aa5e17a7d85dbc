// Names of signals, as people write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carrel::desk::processes {

/// "SIGINT" → 2; also "INT", in any case. Nothing for others, numbers among them: those differ by machine.
std::optional<int> find_signal(std::string_view name);

/// 2 → "SIGINT"; "signal 35" for what has no name here.
std::string name_of_signal(int number);

/// What to tell somebody who named another.
std::string no_such_signal(std::string_view name);

}  // namespace carrel::desk::processes
