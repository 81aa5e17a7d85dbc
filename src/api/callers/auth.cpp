#include "api/callers/auth.hpp"

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
/// Of who came by a link; its path is that of the one session.
constexpr std::string_view link_cookie_name = "carrel_link";
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

core::Error ended_link() {
    return {core::Code::unauthorized, "this link has expired or was revoked", "link_ended"};
}

core::Error wrong_ticket() {
    return {core::Code::unauthorized,
            "this ticket was used, is older than a minute, or is none of the server's: ask for a new one",
            "wrong_ticket"};
}

/// Where a browser can send no header of its own.
bool takes_ticket(const ops::Operation& row) {
    return row.response == ops::Body::upgrade || row.response == ops::Body::event_stream;
}

/// Takes that name out of the query, also as it stands in the target, which goes on to desks.
std::optional<std::string> take_query(net::Request& request, std::string_view name) {
    const auto value = request.find_query(name);
    if (!value) return std::nullopt;
    std::erase_if(request.query, [name](const auto& each) { return each.first == name; });
    const auto begin = request.target.find('?');
    std::string rest;
    for (const auto part : core::split(std::string_view{request.target}.substr(begin + 1), '&')) {
        if (core::percent_decode(part.substr(0, part.find('='))) == name) continue;
        rest += rest.empty() ? '?' : '&';
        rest += part;
    }
    request.target = request.target.substr(0, begin) + rest;
    return value;
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
    // The one without a name is the operator's, who has the host as well. Names divide: each sees their own.
    const bool is_named = space != line.npos;
    return {{std::string{name}, is_named ? ops::Role::user : ops::Role::admin}, crypto::sha256(key)};
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

Gatekeeper::Gatekeeper(std::vector<Key> keys, const core::Clock& clock, std::shared_ptr<people::Rings> rings,
                       RateSettings rates)
    : rings_{std::move(rings)},
      clock_{&clock},
      rates_{rates},
      logins_{clock},
      held_back_{most_held_back,
                 {core::Code::exhausted, "too many wrong keys have come from there; wait before the next",
                  "too_many_wrong_keys"}},
      calls_{most_calls,
             {core::Code::exhausted,
              fmt::format("{} calls of this caller are under way, which is the limit", most_calls),
              "too_many_calls"}} {
    for (auto& key : keys) rings_->keys.add_fixed(std::move(key.principal), key.digest);
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

Caller Gatekeeper::by_grant(std::shared_ptr<people::Grant> grant, Caller::Shown otherwise) const {
    using Shown = Caller::Shown;
    if (!grant) return {std::nullopt, otherwise};
    if (grant->has_ended()) return {std::nullopt, Shown::ended, nullptr, grant->refusal()};
    auto principal = grant->principal();
    return {std::move(principal), Shown::good, std::move(grant)};
}

Caller Gatekeeper::by_key(std::string_view key) const {
    // Digests are compared, not keys: the time of the comparison says nothing about the key.
    return by_grant(rings_->keys.find(crypto::sha256(key), clock_->now()), Caller::Shown::wrong_key);
}

Caller Gatekeeper::by_cookie(const net::Request& request) {
    const auto cookie = find_login_cookie(request);
    auto login = cookie ? by_grant(logins_.find(*cookie), Caller::Shown::ended_login) : Caller{};
    if (login.principal) rings_->keys.note_use(login.principal->key_id, clock_->now());
    const auto link = find_cookie(request, link_cookie_name);
    if (!link) return login;
    auto linked = by_grant(rings_->links.find(crypto::sha256(*link), clock_->now()), Caller::Shown::ended);
    if (!linked.grant)
        return login.principal ? login : Caller{std::nullopt, Caller::Shown::ended, nullptr, ended_link()};
    // Whoever has more rights there than the link gives keeps them.
    const auto& shared = *linked.principal;
    const bool reaches = login.principal && login.principal->reaches(shared.name, shared.only_session);
    return reaches ? login : linked;
}

Caller Gatekeeper::find_caller(net::Request& request, const ops::Operation& row) {
    if (!needs_key()) return by_grant(rings_->keys.open(), Caller::Shown::nothing);
    if (const auto line = request.headers.find("Authorization")) {
        constexpr std::string_view scheme = "Bearer ";
        if (!core::equals_ignoring_case(line->substr(0, scheme.size()), scheme)) return {};
        return by_key(core::trim(line->substr(scheme.size())));
    }
    if (const auto key = request.headers.find("X-API-Key")) return by_key(*key);
    if (takes_ticket(row))
        if (const auto ticket = take_query(request, "ticket")) {
            auto grant = rings_->tickets.take(*ticket, std::chrono::steady_clock::now());
            if (!grant) return {std::nullopt, Caller::Shown::ended, nullptr, wrong_ticket()};
            return by_grant(std::move(grant), Caller::Shown::ended);
        }
    return by_cookie(request);
}

core::Error Gatekeeper::refusal(const Caller& caller) {
    using core::Code;
    if (caller.why) return *caller.why;
    switch (caller.shown) {
        case Caller::Shown::wrong_key:
            return {Code::unauthorized, "this key is not one of the server's", "wrong_key"};
        case Caller::Shown::ended_login:
            return {Code::unauthorized,
                    "this login has ended: log in again, or send a key as Authorization: Bearer KEY"};
        case Caller::Shown::nothing:
        case Caller::Shown::ended:
        case Caller::Shown::good: break;
    }
    return {Code::unauthorized,
            "this server asks for a key: send it as Authorization: Bearer KEY, or log in"};
}

std::string Gatekeeper::give_ticket(net::Request& request, const ops::Operation& row) {
    const auto caller = find_caller(request, row);
    if (!caller.grant) throw refusal(caller);
    return rings_->tickets.make(caller.grant, std::chrono::steady_clock::now());
}

std::shared_ptr<people::Grant> Gatekeeper::find_link(std::string_view secret, std::string_view session) {
    auto grant = rings_->links.find(crypto::sha256(secret), clock_->now());
    if (!grant || grant->has_ended() || grant->principal().only_session != session) return nullptr;
    return grant;
}

void Gatekeeper::count_request(const Caller& caller, const net::Request& request) {
    const auto share = caller.principal ? caller.principal->share() : std::string{};
    rates_.count_request(share, request.peer.network, needs_key(), std::chrono::steady_clock::now());
}

Rates::Taken Gatekeeper::take_turn(const ops::Operation& row, const net::Request& request,
                                   const ops::Principal& principal) {
    return rates_.take(row, request, principal, needs_key(), std::chrono::steady_clock::now());
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
    const auto caller = by_key(key);
    if (!caller.grant) throw refusal(caller);
    return set_cookie(request, logins_.begin(caller.grant), login_lasts);
}

std::string Gatekeeper::log_out(const net::Request& request) {
    if (const auto cookie = find_login_cookie(request)) logins_.end(*cookie);
    return set_cookie(request, "", std::chrono::seconds{0});
}

}  // namespace carrel::api
