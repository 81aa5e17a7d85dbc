// Who asks, and whether a browser was tricked into asking.
//
// Two separate questions. `check_origin` refuses what a foreign web page can make a browser send;
// it needs no key. `find_principal` answers who the caller is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crypto/digest.hpp"
#include "net/http.hpp"
#include "ops/operation.hpp"
#include "ops/principal.hpp"

namespace carrel::api {

/// A key that opens the server, kept only as its SHA-256.
struct Key {
    ops::Principal principal;
    crypto::Sha256 digest;
};

/// Reads keys: lines of `KEY` (principal `local`) or `NAME KEY`, each of an owner; empty lines and
/// # comments are skipped. Throws Error that names the line, never the key.
std::vector<Key> parse_keys(std::string_view text);

/// The host part of a Host header, lower case without port or brackets; nothing when it is malformed.
std::optional<std::string> parse_host(std::string_view host);

class Gatekeeper {
public:
    /// Without keys everybody is ops::local_principal, and only names of this machine's loopback are
    /// taken as Host, so that no foreign name can be rebound to us (DNS rebinding). With keys any host will
    /// do: a key or a cookie of that host is asked for anyway.
    explicit Gatekeeper(std::vector<Key> keys) : keys_{std::move(keys)} {}

    /// Throws Error{forbidden} for a malformed or foreign Host.
    void check_host(const net::Request& request) const;
    /// Throws Error{forbidden} for a foreign Origin or fetch site, and 415 for a state-changing body
    /// whose type a plain form could send.
    void check_origin(const net::Request& request, const ops::Operation& operation) const;

    /// The caller by Bearer, X-API-Key or cookie; nothing when a key is needed and none fits.
    std::optional<ops::Principal> find_principal(const net::Request& request) const;

    /// The Set-Cookie value for a right key; throws Error{unauthorized}.
    std::string log_in(std::string_view key);
    /// The Set-Cookie value that ends the request's login.
    std::string log_out(const net::Request& request);

    bool needs_key() const { return !keys_.empty(); }

private:
    std::optional<ops::Principal> principal_of_key(std::string_view key) const;

    std::vector<Key> keys_;
    /// SHA-256 of a cookie's value → principal. In memory: a restart asks for the key again.
    std::map<crypto::Sha256, ops::Principal> logins_;
};

}  // namespace carrel::api
