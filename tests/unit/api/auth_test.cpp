#include "api/auth.hpp"

#include <doctest/doctest.h>

#include "core/error.hpp"

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
    const Gatekeeper gate{{}};
    for (const auto* good : {"localhost", "localhost:7800", "127.0.0.1:1", "[::1]:7800", "LOCALHOST"})
        CHECK_FALSE_MESSAGE(is_refused(gate, request("GET", {{"Host", good}}), page_call), good);
    for (const auto* bad : {"", "evil.example", "evil.example:7800", "127.0.0.1.evil.example", "a b", "[::1",
                            "localhost:x", "localhost@evil"})
        CHECK_MESSAGE(is_refused(gate, request("GET", {{"Host", bad}}), page_call), bad);
}

TEST_CASE("a foreign origin or site cannot call us, our own page can") {
    const Gatekeeper gate{{}};
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
}

TEST_CASE("a body that a plain form could send is refused") {
    const Gatekeeper gate{{}};
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

TEST_CASE("keys open the server by header or by login, and nothing else does") {
    Gatekeeper gate{parse_keys("# team\nalice 0123456789abcdef\nfedcba9876543210\n")};
    CHECK_FALSE(gate.find_principal(request("GET", {})));
    CHECK_FALSE(gate.find_principal(request("GET", {{"Authorization", "Bearer wrong-wrong-wrong"}})));
    CHECK_FALSE(gate.find_principal(request("GET", {{"Authorization", "Basic 0123456789abcdef"}})));
    CHECK(gate.find_principal(request("GET", {{"Authorization", "bearer 0123456789abcdef"}})).value() ==
          ops::Principal{"alice", ops::Role::owner});
    CHECK(gate.find_principal(request("GET", {{"X-API-Key", "fedcba9876543210"}})).value() ==
          ops::local_principal());
    CHECK_THROWS_AS(gate.log_in("wrong-wrong-wrong"), core::Error);

    const auto cookie = gate.log_in("0123456789abcdef");
    CHECK(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"));
    const auto sent = request("GET", {{"Cookie", "other=1; " + cookie.substr(0, cookie.find(';'))}});
    CHECK(gate.find_principal(sent).value().name == "alice");
    gate.log_out(sent);
    CHECK_FALSE(gate.find_principal(sent));
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
