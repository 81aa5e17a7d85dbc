// What we know of Claude models: data, looked up by name.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/anthropic/picture_limits.hpp"

namespace carrel::agent::anthropic {

enum class ToolKind {
    toolset,  ///< computer_toolset_20260801
    dated,    ///< only a dated computer tool, which we do not speak
};

enum class Thinking {
    none,      ///< do not ask for it
    adaptive,  ///< {"type":"adaptive"}
};

struct ModelTraits {
    std::string_view name;  ///< an id, or the beginning of ids
    ToolKind tools = ToolKind::toolset;
    Thinking thinking = Thinking::adaptive;
    PictureLimits pictures = large_pictures;
    std::size_t most_pictures = 600;  ///< in one request
    int max_tokens = 32'000;          ///< that we ask for at most in one answer
};

struct FoundModel {
    ModelTraits traits;
    bool is_known = true;  ///< false: treated as the newest
};

/// By exact id, else by the longest beginning, after taking off what other clouds put before it
/// ("us.", "anthropic.") and reading "@" as "-".
FoundModel find_model(std::string_view id);

/// Throws Error{invalid, reason "unsupported_model"} for one that takes only tools we do not speak.
void check_model(std::string_view id);

}  // namespace carrel::agent::anthropic
