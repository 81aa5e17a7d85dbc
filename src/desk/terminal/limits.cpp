#include "desk/terminal/limits.hpp"

#include <fmt/format.h>

namespace carrel::desk::terminal {

Limits read_limits(pid_t process) {
    Limits limits;
    for (std::size_t i = 0; i < limits.size(); ++i) {
        rlimit value{};
        const bool is_known = ::prlimit(process, named_limits[i].resource, nullptr, &value) == 0;
        limits[i] = is_known ? value.rlim_cur : RLIM_INFINITY;
    }
    return limits;
}

std::string describe_lowered(const Limits& before, const Limits& now) {
    std::string text;
    for (std::size_t i = 0; i < now.size(); ++i) {
        const auto& [resource, letter, unit] = named_limits[i];
        if (now[i] >= before[i]) continue;
        text += fmt::format("{} -{} {}", text.empty() ? "ulimit" : ",", letter, now[i] / unit);
    }
    return text;
}

}  // namespace carrel::desk::terminal
