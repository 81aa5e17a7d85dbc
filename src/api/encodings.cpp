#include "api/encodings.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.hpp"

namespace carrel::api {

namespace {

/// Smallest body first.
constexpr std::array offered_encodings{Encoding::brotli, Encoding::gzip};

/// In thousandths, as a weight has three digits at most; nothing when it is none.
std::optional<int> parse_weight(std::string_view text) {
    const bool is_one = text.starts_with('1');
    if (!is_one && !text.starts_with('0')) return std::nullopt;
    auto digits = text.substr(1);
    if (digits.empty()) return is_one ? 1000 : 0;
    if (!digits.starts_with('.')) return std::nullopt;
    digits.remove_prefix(1);
    const bool is_number = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (digits.size() > 3 || !is_number) return std::nullopt;
    int thousandths = 0;
    for (std::size_t at = 0; at < 3; ++at)
        thousandths = thousandths * 10 + (at < digits.size() ? digits[at] - '0' : 0);
    if (is_one) return thousandths == 0 ? std::optional{1000} : std::nullopt;
    return thousandths;
}

/// An item such as "gzip;q=0.5" or "*".
struct Weighed {
    std::string_view coding;
    int weight = 0;
};

std::optional<Weighed> parse_item(std::string_view item) {
    const auto semicolon = item.find(';');
    const auto coding = core::trim(item.substr(0, semicolon));
    if (coding.empty()) return std::nullopt;
    if (semicolon == item.npos) return Weighed{coding, 1000};
    const auto parameter = core::trim(item.substr(semicolon + 1));
    if (!core::equals_ignoring_case(parameter.substr(0, 2), "q=")) return std::nullopt;
    const auto weight = parse_weight(parameter.substr(2));
    return weight ? std::optional{Weighed{coding, *weight}} : std::nullopt;
}

/// What the lines say of a coding by its name, else by "*"; nothing when neither stands there.
std::optional<int> weight_of(const net::Headers& headers, std::string_view coding) {
    std::optional<int> by_star;
    for (const auto& [name, value] : headers) {
        if (!core::equals_ignoring_case(name, "Accept-Encoding")) continue;
        for (const auto part : core::split(value, ',')) {
            const auto item = parse_item(part);
            if (!item) continue;
            if (core::equals_ignoring_case(item->coding, coding)) return item->weight;
            if (item->coding == "*") by_star = item->weight;
        }
    }
    return by_star;
}

}  // namespace

std::string_view name_of(Encoding encoding) {
    switch (encoding) {
        case Encoding::gzip: return "gzip";
        case Encoding::brotli: return "br";
        case Encoding::identity: break;
    }
    return "";
}

Encoding choose_encoding(const net::Headers& headers) {
    auto best = Encoding::identity;
    // Unweighed, identity is what is left when nothing else may be: any coding that is asked for goes before
    // it.
    auto most = weight_of(headers, "identity").value_or(0);
    for (const auto encoding : offered_encodings) {
        const auto weight = weight_of(headers, name_of(encoding)).value_or(0);
        const bool is_better = weight > most || (weight == most && best == Encoding::identity);
        if (weight == 0 || !is_better) continue;
        best = encoding;
        most = weight;
    }
    return best;
}

}  // namespace carrel::api
