#include "agent/tool_input.hpp"

#include <fmt/ranges.h>

namespace carrel::agent {

std::string describe(const json::Problems& problems, std::string_view tool) {
    std::string result;
    for (const auto& problem : problems) {
        if (!result.empty()) result += '\n';
        const auto place = fmt::format("{}", fmt::join(problem.path, "."));
        if (problem.type == "missing")
            result += fmt::format("{} is required for {}", place, tool);
        else if (problem.type == "unknown_field")
            result += fmt::format("{} is not accepted for {}", place, tool);
        else
            result += fmt::format("{} of {} {}", place.empty() ? "the input" : place, tool, problem.message);
    }
    return result;
}

json::Object without_nulls(const json::Object& input) {
    json::Object result;
    for (const auto& member : input)
        if (!member.value().is_null()) result[member.key()] = member.value();
    return result;
}

}  // namespace carrel::agent
