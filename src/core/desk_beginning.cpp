#include "core/desk_beginning.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace carrel::core {

namespace {

constexpr std::size_t longest_address = 2000;
constexpr std::array<std::string_view, 2> schemes{"http://", "https://"};

/// What stands between the scheme and the first slash; empty when there is no such scheme.
std::string_view authority_of(std::string_view address) {
    const auto scheme =
        std::ranges::find_if(schemes, [&](std::string_view each) { return address.starts_with(each); });
    if (scheme == schemes.end()) return {};
    const auto rest = address.substr(scheme->size());
    return rest.substr(0, rest.find_first_of("/?#"));
}

/// "host", "host:3128" or "[::1]:3128", without who asks.
bool is_place(std::string_view place) {
    auto host = place;
    const auto after = place.starts_with('[') ? place.find(']') : 0;
    if (after == place.npos) return false;
    if (const auto colon = place.find(':', after); colon != place.npos) {
        const auto port = parse_unsigned(place.substr(colon + 1));
        if (!port || *port == 0 || *port > 65535) return false;
        host = place.substr(0, colon);
    }
    if (host.starts_with('['))
        return host.size() > 2 && host.ends_with(']') &&
               host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
    return !host.empty() && std::ranges::all_of(host, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
               c == '.' || c == '_';
    });
}

}  // namespace

std::string without_password(std::string_view address) {
    const auto authority = authority_of(address);
    const auto at = authority.rfind('@');
    if (at == authority.npos) return std::string{address};
    const auto begin = static_cast<std::size_t>(authority.data() - address.data());
    return std::string{address.substr(0, begin)} + "***" + std::string{address.substr(begin + at)};
}

std::string why_no_proxy(std::string_view address) {
    constexpr std::string_view wanted =
        "must be the address of a proxy, such as http://proxy.example:3128 or "
        "http://user:password@10.0.0.1:8080";
    const bool is_text = address.size() <= longest_address &&
                         std::ranges::all_of(address, [](char c) { return c > ' ' && c < '\x7f'; });
    const auto authority = authority_of(address);
    if (!is_text || authority.empty()) return std::string{wanted};
    const auto path =
        address.substr(static_cast<std::size_t>(authority.data() + authority.size() - address.data()));
    const auto at = authority.rfind('@');
    const auto place = at == authority.npos ? authority : authority.substr(at + 1);
    return (path.empty() || path == "/") && is_place(place) ? std::string{} : std::string{wanted};
}

}  // namespace carrel::core
