#include "desk/cdp/addresses.hpp"

#include <doctest/doctest.h>

using namespace carrel::desk::cdp;

TEST_CASE(
    "an address without a scheme is http on this machine and for bare names, else https and then http") {
    using Guesses = std::vector<std::string>;
    for (const std::string only : {"localhost", "localhost:8305", "LOCALHOST:8305/a", "127.0.0.1:8305/",
                                   "127.1.2.3/x?y#z", "0.0.0.0:80", "[::1]:8305/x", "app.localhost:3000",
                                   "intranet/wiki", "wiki", "build-server:8080", "wiki?page=1:2"})
        CHECK_MESSAGE(guess_addresses(only) == Guesses{"http://" + only}, only);
    for (const std::string both : {"example.org", "example.org:8443/a:b", "192.168.1.1", "10.0.0.1:8080",
                                   "[2001:db8::1]/", "münchen.example/ä", "a.b?c=http://d"})
        CHECK_MESSAGE((guess_addresses(both) == Guesses{"https://" + both, "http://" + both}), both);
    CHECK(guess_addresses("  //example.org/x\n").front() == "https://example.org/x");
    CHECK(guess_addresses("localhost.example.org").size() == 2);
    CHECK(guess_addresses("127.0.0.1.example.org").size() == 2);
}

TEST_CASE("what has a scheme, or is no address, is not guessed at") {
    for (const auto* no : {"http://a",
                           "https://localhost",
                           "about:blank",
                           "file:///x",
                           "data:text/html,x",
                           "javascript:alert(1)",
                           "chrome://settings",
                           "ftp://a",
                           "mailto:x@y.example",
                           "",
                           " ",
                           ":",
                           ":80",
                           "/etc/passwd",
                           "?x",
                           "#x",
                           "--no-sandbox",
                           "-a.b",
                           "a b",
                           "a\nb.c",
                           "host:port",
                           "host:123456",
                           "host:",
                           "[::1",
                           "[]",
                           "[x]",
                           "a@b.c",
                           "//"})
        CHECK_MESSAGE(guess_addresses(no).empty(), no);
}

TEST_CASE("only what a server without https does leads on to http") {
    for (const auto* yes : {"x did not load: net::ERR_SSL_PROTOCOL_ERROR", "net::ERR_CONNECTION_REFUSED"})
        CHECK(is_without_https(yes));
    // One whose certificate is wrong has https, and what is not found by name is not found by http.
    for (const auto* no : {"net::ERR_CERT_AUTHORITY_INVALID", "net::ERR_NAME_NOT_RESOLVED", ""})
        CHECK(!is_without_https(no));
    // What looks like a reason in the address is none, and neither is half a word of one.
    for (const auto* no :
         {"https://x.test/?q=ERR_SSL_ did not load: net::ERR_CERT_DATE_INVALID",
          "https://x.test/?a: net::ERR_TIMED_OUT did not load: net::ERR_NAME_NOT_RESOLVED",
          "https://x.test/: no net::ERR_SSL_PROTOCOL_ERROR", "ERR_SSL_PROTOCOL_ERROR",
          "x did not load: ERR_TIMED_OUT", "x did not load: net::ERR_PROXY_CONNECTION_REFUSED"})
        CHECK_MESSAGE(!is_without_https(no), no);
}

TEST_CASE("an origin is a scheme, a host and the port that the scheme does not imply") {
    for (const auto& [url, origin] : std::vector<std::pair<std::string, std::string>>{
             {"http://x.test:81/a?b", "http://x.test:81"},
             {"HTTP://X.test", "http://x.test"},
             {"http://x.test:80/", "http://x.test"},
             {"https://x.test:443#a", "https://x.test"},
             {"https://x.test:80", "https://x.test:80"},
             {"http://x.test:443", "http://x.test:443"},
             {"http://x.test:8080", "http://x.test:8080"},
             {"https://ada:pass@x.test/?@y.test", "https://x.test"},
             {"http://[::1]:80/", "http://[::1]"},
             {"about:blank", "about:blank"},
             {"http://", "http://"},
             {"", ""}})
        CHECK_MESSAGE(origin_of(url) == origin, url);
}
