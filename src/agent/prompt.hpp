// What every model is told about the desk it works on.
#pragma once

#include <string>
#include <string_view>

namespace carrel::agent {

/// Depends on nothing but `suffix` (the session's own addition, may be empty) and whether the desk has a
/// display: a prompt that changed between requests would void the vendor's cache.
std::string system_prompt(std::string_view suffix, bool has_display = true);

}  // namespace carrel::agent
