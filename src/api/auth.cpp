#include "api/auth.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/id.hpp"
#include "core/text.hpp"

namespace carrel::api {

namespace {

constexpr std::string_view cookie_name = "carrel_login";
constexpr std::size_t shortest_key = 16;
/// Enough for every browser of a team; the bound keeps a loop of logins from growing us.
constexpr std::size_t most_logins = 1000;

bool is_loopback_name(std::string_view host) {
    return host == "localhost" || host == "127.0.0.1" || host == "::1" || host.ends_with(".localhost");
}

bool changes_state(const net::Request& request) {
    return request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
}

bool has_body(const net::Request& request) {
    return request.body_length.value_or(0) > 0 || request.headers.has("Transfer-Encoding");
}

[[noreturn]] void forbid(std::string message) {
    throw core::Error{core::Code::forbidden, std::move(message)};
}

void check_media_type(const net::Request& request, const ops::Operation& operation) {
    if (!changes_state(request) || !has_body(request)) return;
    // Bytes too must be named as such: a page of another site can send a body without a type unasked.
    const auto wanted = operation.request == ops::Body::multipart ? "multipart/form-data"
                        : operation.request == ops::Body::bytes   ? "application/octet-stream"
                                                                  : "application/json";
    if (core::equals_ignoring_case(request.headers.media_type(), wanted)) return;
    throw core::Error{
        core::Code::invalid,
        fmt::format("this call takes Content-Type: {}, not \"{}\"", wanted, request.headers.media_type()),
        "unsupported_media_type"};
}

std::optional<std::string_view> find_cookie(const net::Request& request) {
    for (const auto& [name, value] : request.headers) {
        if (!core::equals_ignoring_case(name, "Cookie")) continue;
        for (auto part : core::split(value, ';')) {
            part = core::trim(part);
            if (part.starts_with(cookie_name) && part.size() > cookie_name.size() &&
                part[cookie_name.size()] == '=')
                return part.substr(cookie_name.size() + 1);
        }
    }
    return std::nullopt;
}

}  // namespace

std::vector<Key> parse_keys(std::string_view text) {
    std::vector<Key> keys;
    std::size_t number = 0;
    for (const auto raw : core::split(text, '\n')) {
        ++number;
        const auto line = core::trim(raw);
        if (line.empty() || line.starts_with('#')) continue;
        const auto space = line.find_first_of(" \t");
        const auto name = space == line.npos ? std::string_view{"local"} : line.substr(0, space);
        const auto key = core::trim(space == line.npos ? line : line.substr(space));
        if (key.size() < shortest_key || key.find_first_of(" \t") != key.npos)
            throw core::Error{
                core::Code::invalid,
                fmt::format("line {}: a key is one word of at least {} characters", number, shortest_key)};
        keys.push_back({{std::string{name}, ops::Role::owner}, crypto::sha256(key)});
    }
    return keys;
}

std::optional<std::string> parse_host(std::string_view host) {
    std::string_view name = host;
    std::string_view port;
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        if (end == host.npos) return std::nullopt;
        name = host.substr(1, end - 1);
        port = host.substr(end + 1);
    } else if (const auto colon = host.find(':'); colon != host.npos) {
        name = host.substr(0, colon);
        port = host.substr(colon);
    }
    const bool is_port_good = port.empty() || (port.starts_with(':') && core::parse_unsigned(port.substr(1)));
    const bool is_name_good = !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"-._:"}.find(c) != std::string_view::npos;
    });
    if (!is_port_good || !is_name_good) return std::nullopt;
    return core::to_lower(name);
}

void Gatekeeper::check_host(const net::Request& request) const {
    const auto host = parse_host(request.headers.find("Host").value_or(""));
    if (!host) forbid("the Host header is missing or malformed");
    if (!needs_key() && !is_loopback_name(*host))
        forbid(fmt::format("this server without keys answers only to localhost, not to the host name \"{}\"",
                           *host));
}

void Gatekeeper::check_origin(const net::Request& request, const ops::Operation& operation) const {
    const auto host_line = request.headers.find("Host").value_or("");
    if (const auto origin = request.headers.find("Origin")) {
        const auto scheme_end = origin->find("://");
        const bool is_ours = scheme_end != origin->npos &&
                             core::equals_ignoring_case(origin->substr(scheme_end + 3), host_line) &&
                             (origin->starts_with("http://") || origin->starts_with("https://"));
        if (!is_ours) forbid("a page of another origin may not call this server");
    }
    // A link from elsewhere may open the page (a navigation), but nothing else of ours.
    const auto site = request.headers.find("Sec-Fetch-Site").value_or("none");
    const bool is_foreign = site != "same-origin" && site != "none";
    if (is_foreign && (operation.permission != ops::Permission::open || changes_state(request)))
        forbid("a page of another site may not call this server");
    check_media_type(request, operation);
}

std::optional<ops::Principal> Gatekeeper::principal_of_key(std::string_view key) const {
    // Digests are compared, not keys: the time of the comparison says nothing about the key.
    const auto digest = crypto::sha256(key);
    const auto found = std::ranges::find(keys_, digest, &Key::digest);
    if (found == keys_.end()) return std::nullopt;
    return found->principal;
}

std::optional<ops::Principal> Gatekeeper::find_principal(const net::Request& request) const {
    if (!needs_key()) return ops::local_principal();
    if (const auto line = request.headers.find("Authorization")) {
        constexpr std::string_view scheme = "Bearer ";
        if (!core::equals_ignoring_case(line->substr(0, scheme.size()), scheme)) return std::nullopt;
        return principal_of_key(core::trim(line->substr(scheme.size())));
    }
    if (const auto key = request.headers.find("X-API-Key")) return principal_of_key(*key);
    const auto cookie = find_cookie(request);
    if (!cookie) return std::nullopt;
    const auto login = logins_.find(crypto::sha256(*cookie));
    if (login == logins_.end()) return std::nullopt;
    return login->second;
}

std::string Gatekeeper::log_in(std::string_view key) {
    const auto principal = principal_of_key(key);
    if (!principal) throw core::Error{core::Code::unauthorized, "this key is not one of the server's"};
    if (logins_.size() >= most_logins) logins_.erase(logins_.begin());
    const auto value = core::random_hex(64);
    logins_[crypto::sha256(value)] = *principal;
    return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict", cookie_name, value);
}

std::string Gatekeeper::log_out(const net::Request& request) {
    if (const auto cookie = find_cookie(request)) logins_.erase(crypto::sha256(*cookie));
    return fmt::format("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", cookie_name);
}

}  // namespace carrel::api
