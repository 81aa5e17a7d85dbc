// Who asks, and whether a browser was tricked into asking.
//
// Two separate questions. `check_origin` refuses what a foreign web page can make a browser send;
// it needs no key. `find_caller` answers who the caller is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/callers/logins.hpp"
#include "api/callers/places.hpp"
#include "api/callers/rates.hpp"
#include "api/callers/wrong_keys.hpp"
#include "async/task.hpp"
#include "core/clock.hpp"
#include "crypto/digest.hpp"
#include "net/http.hpp"
#include "ops/operation.hpp"
#include "ops/principal.hpp"
#include "people/people.hpp"

namespace carrel::api {

/// A key that the server is started with, kept only as its SHA-256.
struct Key {
    ops::Principal principal;
    crypto::Sha256 digest;
};

/// One key: `KEY`, of `local`, who is an admin; or `NAME KEY`, of a user. Throws Error, without the key.
Key parse_key(std::string_view text);
/// Reads keys: lines of `KEY` or `NAME KEY`, as parse_key does; empty lines and
/// # comments are skipped. Throws Error that names the line, never the key.
std::vector<Key> parse_keys(std::string_view text);

/// The host part of a Host header, lower case without port or brackets; nothing when it is malformed.
std::optional<std::string> parse_host(std::string_view host);

/// Who asks, or why that is not known.
struct Caller {
    enum class Shown {
        nothing,
        wrong_key,
        ended_login,
        ended,  ///< what has been taken away, or has expired: `why` says it
        good,
    };
    std::optional<ops::Principal> principal;
    Shown shown = Shown::nothing;
    std::shared_ptr<people::Grant> grant = nullptr;  ///< what lets them in, where they are let in
    std::optional<core::Error> why = std::nullopt;
};

class Gatekeeper {
public:
    /// Without keys everybody is ops::local_principal, and only names of this machine's loopback are
    /// taken as Host, so that no foreign name can be rebound to us (DNS rebinding). With keys any host will
    /// do: a key or a cookie of that host is asked for anyway.
    /// `rings`: what else opens the server, by whoever keeps them. `clock` must outlive it.
    Gatekeeper(std::vector<Key> keys, const core::Clock& clock,
               std::shared_ptr<people::Rings> rings = std::make_shared<people::Rings>(),
               RateSettings rates = {});

    /// Throws Error{forbidden} for a malformed or foreign Host.
    void check_host(const net::Request& request) const;
    /// Throws Error{forbidden} for a foreign Origin or fetch site, and 415 for a state-changing body
    /// whose type a plain form could send.
    void check_origin(const net::Request& request, const ops::Operation& operation) const;

    /// The caller by Bearer, X-API-Key or cookie; without those by a ticket, where the row takes one: it is
    /// used up, and gone from the request, by this.
    Caller find_caller(net::Request& request, const ops::Operation& row);
    /// Why a caller is not let in. Of a wrong key the reason is "wrong_key".
    static core::Error refusal(const Caller& caller);
    /// A ticket for who asks. Throws as a refusal.
    std::string give_ticket(net::Request& request, const ops::Operation& row);
    /// What a link's secret gives for that session; null when it has ended or is none of that session's.
    std::shared_ptr<people::Grant> find_link(std::string_view secret, std::string_view session);
    /// Waits before a wrong key is answered, the longer the more there were from there. Throws
    /// Error{exhausted, "too_many_wrong_keys"} when many wait already.
    async::Task<> hold_back(net::Request& request);

    /// A place for what the principal has under way. Throws Error{exhausted, "too_many_calls"}.
    Place take_place(const ops::Principal& principal) { return calls_.take(principal.share()); }

    /// Counts the request of a caller, or of a stranger. Throws TooMany.
    void count_request(const Caller& caller, const net::Request& request);
    /// Counts a call against its row's own limit. Throws TooMany.
    Rates::Taken take_turn(const ops::Operation& row, const net::Request& request,
                           const ops::Principal& principal);
    void give_turn_back(const ops::Operation& row, const Rates::Taken& taken) {
        rates_.give_back(row, taken);
    }

    /// The Set-Cookie value for a right key; throws Error{unauthorized, "wrong_key"}. To a page that came by
    /// TLS (its Origin says so, which browsers write and pages cannot) the cookie goes back by TLS only.
    std::string log_in(const net::Request& request, std::string_view key);
    /// The Set-Cookie value that ends the request's login.
    std::string log_out(const net::Request& request);

    bool needs_key() const { return !rings_->keys.is_empty(); }

private:
    Caller by_grant(std::shared_ptr<people::Grant> grant, Caller::Shown otherwise) const;
    Caller by_key(std::string_view key) const;
    Caller by_cookie(const net::Request& request);

    std::shared_ptr<people::Rings> rings_;
    const core::Clock* clock_;
    Rates rates_;
    Logins logins_;
    WrongKeys wrong_keys_;
    Places held_back_;
    Places calls_;
};

}  // namespace carrel::api
