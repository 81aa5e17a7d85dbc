// What this host can do for desks, what it lacks, and what to change.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"

namespace carrel::app {

enum class Health { good, weak, bad };

/// One thing that was looked at. `text` says what was found; when it is not good, also what to do.
struct Finding {
    Health health = Health::good;
    std::string subject;
    std::string text;
};

/// Looks at everything; as root it also asks a jail, which it starts for the question. Changes nothing
/// that it does not change back, but for kernel limits that every jail raises.
std::vector<Finding> examine(const Config& config);

/// "6.1.0-18-amd64" → {6, 1}; {0, 0} when it is none. Pure.
std::pair<int, int> parse_kernel_version(std::string_view release);

/// One line a finding, marked ok, weak or BAD.
std::string to_text(const std::vector<Finding>& findings);

}  // namespace carrel::app
