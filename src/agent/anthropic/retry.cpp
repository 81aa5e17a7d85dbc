#include "agent/anthropic/retry.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string>

#include "core/text.hpp"

namespace carrel::agent::anthropic {

namespace {

using std::chrono::milliseconds;

/// A decimal number that is all of the text.
std::optional<double> parse_decimal(std::string_view text) {
    double value = 0;
    const auto result = std::from_chars(text.begin(), text.end(), value);
    if (result.ec != std::errc{} || result.ptr != text.end() || !std::isfinite(value)) return std::nullopt;
    return value;
}

/// RFC 9110 IMF-fixdate: "Fri, 20 Nov 2026 15:00:00 GMT".
std::optional<core::Instant> parse_http_date(std::string_view text) {
    std::tm parts{};
    const std::string copy{text};
    const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (!end || *end != '\0') return std::nullopt;
    return core::Instant{std::chrono::seconds{timegm(&parts)}};
}

std::optional<milliseconds> ahead(double count) {
    if (!(count > 0)) return std::nullopt;
    return milliseconds{static_cast<std::int64_t>(std::ceil(std::min(count, 1e12)))};
}

}  // namespace

bool is_worth_retry(int status, const net::Headers& headers) {
    if (const auto told = headers.find("x-should-retry")) {
        if (*told == "true") return true;
        if (*told == "false") return false;
    }
    return status == 408 || status == 409 || status == 429 || status >= 500;
}

std::optional<milliseconds> asked_pause(const net::Headers& headers, core::Instant now) {
    if (const auto told = headers.find("retry-after-ms"))
        if (const auto count = parse_decimal(core::trim(*told))) return ahead(*count);
    const auto told = headers.find("retry-after");
    if (!told) return std::nullopt;
    const auto text = core::trim(*told);
    if (const auto count = parse_decimal(text)) return ahead(*count * 1000);
    if (const auto date = parse_http_date(text)) return ahead(static_cast<double>((*date - now).count()));
    return std::nullopt;
}

milliseconds usual_pause(int attempt, double chance, milliseconds first) {
    const auto pause = static_cast<double>(first.count()) * std::min(std::pow(2.0, attempt), 16.0);
    return milliseconds{std::llround(pause * (1 - 0.25 * chance))};
}

}  // namespace carrel::agent::anthropic
