#include "desk/cdp/addresses.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/text.hpp"

namespace carrel::desk::cdp {

namespace {

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

bool is_letter_or_digit(char byte) {
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || static_cast<unsigned char>(byte) >= 0x80;
}

/// In small letters; other than letters only what names and numbers of hosts have.
bool is_host(std::string_view host) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        return host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdef:.") == host.npos;
    return !host.empty() && is_letter_or_digit(host.front()) && std::ranges::all_of(host, [](char byte) {
        return is_letter_or_digit(byte) || byte == '.' || byte == '-' || byte == '_';
    });
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, is_digit);
}

bool has_no_https(std::string_view host) {
    const bool is_numeric = host.find_first_not_of("0123456789.") == host.npos;
    if (is_numeric) return host.starts_with("127.") || host == "0.0.0.0";
    return host == "[::1]" || host.ends_with(".localhost") ||
           (host.front() != '[' && host.find('.') == host.npos);
}

}  // namespace

std::vector<std::string> guess_addresses(std::string_view text) {
    auto rest = core::trim(text);
    if (rest.starts_with("//")) rest.remove_prefix(2);
    for (const char byte : rest)
        if (static_cast<unsigned char>(byte) <= ' ' || byte == 0x7f) return {};
    const auto authority = rest.substr(0, rest.find_first_of("/?#"));
    const auto bracket = authority.find(']');
    const auto colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
    const auto host = core::to_lower(authority.substr(0, colon));
    // After a scheme there is no number.
    if (!is_host(host) || (colon != authority.npos && !is_port(authority.substr(colon + 1)))) return {};
    std::vector<std::string> addresses;
    if (!has_no_https(host)) addresses.push_back("https://" + std::string{rest});
    addresses.push_back("http://" + std::string{rest});
    return addresses;
}

std::string origin_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == url.npos) return std::string{url};
    const auto end = std::min(url.find_first_of("/?#", scheme + 3), url.size());
    auto authority = url.substr(scheme + 3, end - scheme - 3);
    if (const auto user = authority.rfind('@'); user != authority.npos) authority.remove_prefix(user + 1);
    auto origin = core::to_lower(url.substr(0, scheme + 3)) + core::to_lower(authority);
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> implied{
        {{"http://", ":80"}, {"https://", ":443"}}};
    for (const auto& [start, port] : implied)
        if (origin.starts_with(start) && origin.ends_with(port)) origin.resize(origin.size() - port.size());
    return origin;
}

bool is_without_https(std::string_view failure) {
    static constexpr std::array<std::string_view, 8> signs{"ERR_SSL_",
                                                           "ERR_CONNECTION_REFUSED",
                                                           "ERR_CONNECTION_RESET",
                                                           "ERR_CONNECTION_CLOSED",
                                                           "ERR_CONNECTION_TIMED_OUT",
                                                           "ERR_TIMED_OUT",
                                                           "ERR_EMPTY_RESPONSE",
                                                           "ERR_INVALID_HTTP_RESPONSE"};
    if (const auto colon = failure.rfind(": "); colon != failure.npos) failure.remove_prefix(colon + 2);
    constexpr std::string_view of_network = "net::";
    if (!failure.starts_with(of_network)) return false;
    failure.remove_prefix(of_network.size());
    return std::ranges::any_of(signs, [&](std::string_view sign) { return failure.starts_with(sign); });
}

}  // namespace carrel::desk::cdp
