#include "api/auth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/text.hpp"

namespace carrel::api {

namespace {

constexpr std::string_view cookie_name = "carrel_login";
/// Of a page that came by TLS. The prefix has browsers take it by TLS only, and only for this very host.
constexpr std::string_view secure_cookie_name = "__Host-carrel_login";
constexpr std::size_t shortest_key = 16;
/// Answers to wrong keys that wait, from one network.
constexpr std::size_t most_held_back = 16;
/// Of one principal at a time, streams and viewers among them: less than a server's connections, so that
/// nobody takes them all.
constexpr std::size_t most_calls = 384;

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

std::optional<std::string_view> find_cookie(const net::Request& request, std::string_view wanted) {
    for (const auto& [name, value] : request.headers) {
        if (!core::equals_ignoring_case(name, "Cookie")) continue;
        for (auto part : core::split(value, ';')) {
            part = core::trim(part);
            if (part.starts_with(wanted) && part.size() > wanted.size() && part[wanted.size()] == '=')
                return part.substr(wanted.size() + 1);
        }
    }
    return std::nullopt;
}

/// The one that only TLS can have brought goes before the other, which any service of this host may have set.
std::optional<std::string_view> find_login_cookie(const net::Request& request) {
    if (const auto secure = find_cookie(request, secure_cookie_name)) return secure;
    return find_cookie(request, cookie_name);
}

bool came_by_tls(const net::Request& request) {
    return request.headers.find("Origin").value_or("").starts_with("https://");
}

std::string set_cookie(const net::Request& request, std::string_view value, std::chrono::seconds lasts) {
    const bool is_secure = came_by_tls(request);
    return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}",
                       is_secure ? secure_cookie_name : cookie_name, value, lasts.count(),
                       is_secure ? "; Secure" : "");
}

/// Its log line, at 10, 100, … tries: enough to see it, too little to fill a disk.
void tell_of_wrong_keys(std::string_view network, std::size_t count) {
    for (std::size_t step = 10; step <= count; step *= 10)
        if (count == step) core::log_warning("{} wrong keys have come from {}", count, network);
}

}  // namespace

Key parse_key(std::string_view text) {
    const auto line = core::trim(text);
    const auto space = line.find_first_of(" \t");
    const auto name = space == line.npos ? std::string_view{"local"} : line.substr(0, space);
    const auto key = core::trim(space == line.npos ? line : line.substr(space));
    const bool is_word = std::ranges::all_of(key, [](char c) { return c > ' ' && c < '\x7f'; });
    if (key.size() < shortest_key || !is_word)
        throw core::Error{core::Code::invalid,
                          fmt::format("a key is one word of at least {} characters of ASCII", shortest_key)};
    return {{std::string{name}, ops::Role::owner}, crypto::sha256(key)};
}

std::vector<Key> parse_keys(std::string_view text) {
    std::vector<Key> keys;
    std::size_t number = 0;
    for (const auto raw : core::split(text, '\n')) {
        ++number;
        const auto line = core::trim(raw);
        if (line.empty() || line.starts_with('#')) continue;
        try {
            keys.push_back(parse_key(line));
        } catch (core::Error& error) {
            throw error.during(fmt::format("line {}", number));
        }
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

Gatekeeper::Gatekeeper(std::vector<Key> keys, const core::Clock& clock)
    : keys_{std::move(keys)},
      clock_{&clock},
      logins_{clock},
      held_back_{most_held_back,
                 {core::Code::exhausted, "too many wrong keys have come from there; wait before the next",
                  "too_many_wrong_keys"}},
      calls_{most_calls,
             {core::Code::exhausted,
              fmt::format("{} calls of this caller are under way, which is the limit", most_calls),
              "too_many_calls"}} {}

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

Caller Gatekeeper::find_caller(const net::Request& request) {
    using Shown = Caller::Shown;
    if (!needs_key()) return {ops::local_principal(), Shown::good};
    const auto by_key = [this](std::string_view key) {
        auto principal = principal_of_key(key);
        const auto shown = principal ? Shown::good : Shown::wrong_key;
        return Caller{std::move(principal), shown};
    };
    if (const auto line = request.headers.find("Authorization")) {
        constexpr std::string_view scheme = "Bearer ";
        if (!core::equals_ignoring_case(line->substr(0, scheme.size()), scheme)) return {};
        return by_key(core::trim(line->substr(scheme.size())));
    }
    if (const auto key = request.headers.find("X-API-Key")) return by_key(*key);
    const auto cookie = find_login_cookie(request);
    if (!cookie) return {};
    auto principal = logins_.find(*cookie);
    const auto shown = principal ? Shown::good : Shown::ended_login;
    return {std::move(principal), shown};
}

core::Error Gatekeeper::refusal(Caller::Shown shown) {
    using core::Code;
    switch (shown) {
        case Caller::Shown::wrong_key:
            return {Code::unauthorized, "this key is not one of the server's", "wrong_key"};
        case Caller::Shown::ended_login:
            return {Code::unauthorized,
                    "this login has ended: log in again, or send a key as Authorization: Bearer KEY"};
        case Caller::Shown::nothing:
        case Caller::Shown::good: break;
    }
    return {Code::unauthorized,
            "this server asks for a key: send it as Authorization: Bearer KEY, or log in"};
}

async::Task<> Gatekeeper::hold_back(net::Request& request) {
    const auto& network = request.peer.network;
    const auto pause = wrong_keys_.note(network, clock_->now());
    tell_of_wrong_keys(network, wrong_keys_.count(network));
    if (pause == pause.zero()) co_return;
    const auto place = held_back_.take(network);
    request.may_be_dropped = true;
    co_await async::pause(pause);
}

std::string Gatekeeper::log_in(const net::Request& request, std::string_view key) {
    auto principal = principal_of_key(key);
    if (!principal) throw refusal(Caller::Shown::wrong_key);
    return set_cookie(request, logins_.begin(std::move(*principal)), login_lasts);
}

std::string Gatekeeper::log_out(const net::Request& request) {
    if (const auto cookie = find_login_cookie(request)) logins_.end(*cookie);
    return set_cookie(request, "", std::chrono::seconds{0});
}

}  // namespace carrel::api
