// Times as people write them.
#pragma once

#include <chrono>
#include <string_view>

namespace carrel::app {

/// "30d", "12h", "90m", "45s"; throws UsageError that says what would be right. Pure.
std::chrono::seconds parse_duration(std::string_view text);

}  // namespace carrel::app
