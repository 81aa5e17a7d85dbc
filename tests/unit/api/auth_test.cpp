#include "api/callers/auth.hpp"

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "tests/fakes/manual_clock.hpp"

using namespace carrel;
using namespace carrel::api;

namespace {

const ops::Operation api_call{
    "x", "POST", "/api/v1/x", ops::Permission::control, ops::Body::json, ops::Body::json, "x"};
const ops::Operation page_call{"p", "GET", "/", ops::Permission::open, ops::Body::none, ops::Body::bytes,
                               "p"};

net::Request request(std::string method, net::Headers headers) {
    net::Request result;
    result.method = std::move(method);
    result.headers = std::move(headers);
    return result;
}

Caller caller(Gatekeeper& gate, const net::Request& asked) {
    auto request = net::Request{};
    request.headers = asked.headers;
    return gate.find_caller(request, api_call);
}

bool is_refused(const Gatekeeper& gate, const net::Request& asked, const ops::Operation& operation) {
    try {
        gate.check_host(asked);
        gate.check_origin(asked, operation);
        return false;
    } catch (const core::Error&) {
        return true;
    }
}

}  // namespace

TEST_CASE("without keys only loopback names are taken as Host") {
    const fakes::ManualClock clock;
    const Gatekeeper gate{{}, clock};
    for (const auto* good : {"localhost", "localhost:7800", "127.0.0.1:1", "[::1]:7800", "LOCALHOST",
                             "a.localhost", "A.b.LocalHost:7800"})
        CHECK_FALSE_MESSAGE(is_refused(gate, request("GET", {{"Host", good}}), page_call), good);
    for (const auto* bad : {"", "evil.example", "evil.example:7800", "127.0.0.1.evil.example", "a b", "[::1",
                            "localhost:x", "localhost@evil", "localhost.evil.example", "xlocalhost",
                            ".localhost.example", "127.0.0.1.localhost.example"})
        CHECK_MESSAGE(is_refused(gate, request("GET", {{"Host", bad}}), page_call), bad);
}

TEST_CASE("a foreign origin or site cannot call us, our own page can") {
    const fakes::ManualClock clock;
    const Gatekeeper gate{{}, clock};
    const auto with = [](std::string name, std::string value) {
        return request("POST", {{"Host", "localhost:7800"}, {std::move(name), std::move(value)}});
    };
    CHECK_FALSE(is_refused(gate, with("Origin", "http://localhost:7800"), api_call));
    CHECK_FALSE(is_refused(gate, with("Sec-Fetch-Site", "same-origin"), api_call));
    for (const auto* bad :
         {"http://evil.example", "null", "http://localhost:7801", "http://localhost", "file://"})
        CHECK_MESSAGE(is_refused(gate, with("Origin", bad), api_call), bad);
    CHECK(is_refused(gate, with("Sec-Fetch-Site", "cross-site"), api_call));
    CHECK(is_refused(gate, with("Sec-Fetch-Site", "same-site"), api_call));
    const auto link = request("GET", {{"Host", "localhost:7800"}, {"Sec-Fetch-Site", "cross-site"}});
    CHECK_FALSE(is_refused(gate, link, page_call));
    for (const auto* method : {"GET", "HEAD", "OPTIONS"}) {
        const auto foreign = request(method, {{"Host", "localhost:7800"}, {"Origin", "http://evil.example"}});
        CHECK_MESSAGE(is_refused(gate, foreign, page_call), method);
        CHECK_MESSAGE(is_refused(gate, foreign, api_call), method);
    }
}

TEST_CASE("a body that a plain form could send is refused") {
    const fakes::ManualClock clock;
    const Gatekeeper gate{{}, clock};
    for (const auto* type :
         {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""}) {
        auto asked = request("POST", {{"Host", "localhost"}, {"Content-Type", type}});
        asked.body_length = 2;
        CHECK_MESSAGE(is_refused(gate, asked, api_call), type);
    }
    auto json = request("POST", {{"Host", "localhost"}, {"Content-Type", "application/json; charset=utf-8"}});
    json.body_length = 2;
    CHECK_FALSE(is_refused(gate, json, api_call));
}

namespace {

using Shown = Caller::Shown;

/// What a browser sends back of a Set-Cookie line.
net::Request with_cookie(const std::string& line) {
    return request("GET", {{"Cookie", "other=1; " + line.substr(0, line.find(';'))}});
}

}  // namespace

TEST_CASE("keys open the server by header or by login, and nothing else does") {
    const fakes::ManualClock clock;
    Gatekeeper gate{parse_keys("# team\nalice 0123456789abcdef\nfedcba9876543210\n"), clock};
    const auto shown = [&gate](net::Headers headers) {
        return caller(gate, request("GET", std::move(headers))).shown;
    };
    CHECK(shown({}) == Shown::nothing);
    CHECK(shown({{"Authorization", "Bearer wrong-wrong-wrong"}}) == Shown::wrong_key);
    CHECK(shown({{"X-API-Key", ""}}) == Shown::wrong_key);
    CHECK(shown({{"Authorization", "Basic 0123456789abcdef"}}) == Shown::nothing);
    CHECK(shown({{"Cookie", "carrel_login=0123456789abcdef"}}) == Shown::ended_login);
    CHECK(caller(gate, request("GET", {{"Authorization", "bearer 0123456789abcdef"}})).principal ==
          ops::Principal{"alice", ops::Role::user});
    CHECK(caller(gate, request("GET", {{"X-API-Key", "fedcba9876543210"}})).principal ==
          ops::local_principal());
    CHECK_THROWS_AS(gate.log_in({}, "wrong-wrong-wrong"), core::Error);

    const auto cookie = gate.log_in({}, "0123456789abcdef");
    CHECK(cookie.starts_with("carrel_login="));
    CHECK(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800"));
    const auto sent = with_cookie(cookie);
    CHECK(caller(gate, sent).principal.value().name == "alice");
    gate.log_out(sent);
    CHECK_FALSE(caller(gate, sent).principal);
}

TEST_CASE("what is missing, what is wrong and what has ended are told apart") {
    CHECK(Gatekeeper::refusal({}).message().starts_with("this server asks for a key"));
    CHECK(Gatekeeper::refusal({std::nullopt, Shown::wrong_key}).reason() == "wrong_key");
    CHECK(Gatekeeper::refusal({std::nullopt, Shown::ended_login}).message().contains("log in again"));
    for (const auto each : {Shown::nothing, Shown::wrong_key, Shown::ended_login})
        CHECK(Gatekeeper::refusal({std::nullopt, each}).code() == core::Code::unauthorized);
}

TEST_CASE("a page that came by TLS gets a cookie that goes back by TLS only, and it goes before the other") {
    const fakes::ManualClock clock;
    Gatekeeper gate{parse_keys("alice 0123456789abcdef\nbob fedcba9876543210"), clock};
    const auto by_tls = request("POST", {{"Host", "carrel.example"}, {"Origin", "https://carrel.example"}});
    const auto secure = gate.log_in(by_tls, "0123456789abcdef");
    CHECK(secure.starts_with("__Host-carrel_login="));
    CHECK(secure.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800; Secure"));
    const auto plain = gate.log_in({}, "fedcba9876543210");
    auto both = with_cookie(plain);
    both.headers.add("Cookie", secure.substr(0, secure.find(';')));
    CHECK(caller(gate, both).principal.value().name == "alice");
    CHECK(gate.log_out(by_tls).starts_with("__Host-carrel_login=; "));
}

TEST_CASE("a login is its own principal's, whoever logs in after it") {
    const fakes::ManualClock clock;
    Gatekeeper gate{parse_keys("alice 0123456789abcdef\nbob fedcba9876543210"), clock};
    const auto of_alice = with_cookie(gate.log_in({}, "0123456789abcdef"));
    const auto of_bob = with_cookie(gate.log_in(of_alice, "fedcba9876543210"));
    CHECK(caller(gate, of_alice).principal.value().name == "alice");
    CHECK(caller(gate, of_bob).principal.value().name == "bob");
    gate.log_out(of_bob);
    CHECK(caller(gate, of_alice).principal);
}

TEST_CASE("a bad key file is refused by line, without the key") {
    try {
        parse_keys("alice 0123456789abcdef\nbob short\n");
        FAIL("taken");
    } catch (const core::Error& error) {
        CHECK(error.message().starts_with("line 2: "));
        CHECK(error.message().find("short") == std::string::npos);
    }
}

TEST_CASE("one key alone is never a comment, nor nothing") {
    CHECK(parse_key("#123456789abcdef0").principal == ops::local_principal());
    CHECK(parse_key("alice 0123456789abcdef").principal.name == "alice");
    for (const auto* bad :
         {"", "   ", "short", "alice short", "0123456789abcdef\nfedcba9876543210", "0123456789abcd\xc3\xa4"})
        CHECK_THROWS_WITH_AS(parse_key(bad), doctest::Contains("a key is one word"), core::Error);
}
