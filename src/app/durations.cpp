#include "app/durations.hpp"

#include <fmt/format.h>

#include "app/exit_codes.hpp"
#include "core/text.hpp"

namespace carrel::app {

std::chrono::seconds parse_duration(std::string_view text) {
    constexpr unsigned long long most = 10ull * 365 * 24 * 3600;
    const auto unit_of = [](char letter) -> unsigned {
        switch (letter) {
            case 'd': return 24 * 3600;
            case 'h': return 3600;
            case 'm': return 60;
            case 's': return 1;
            default: return 0;
        }
    };
    const auto unit = text.empty() ? 0 : unit_of(text.back());
    const auto count = unit ? core::parse_unsigned(text.substr(0, text.size() - 1)) : std::nullopt;
    if (count && *count > 0 && *count <= most / unit) return std::chrono::seconds{*count * unit};
    throw UsageError{fmt::format("\"{}\" is no time: write 30d, 12h, 90m or 45s, ten years at most", text)};
}

}  // namespace carrel::app
