#include "net/framing.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace carrel;
using namespace carrel::net;

namespace {

struct Case {
    const char* name;
    std::string bytes;
};

/// What find_head_end and parse_request_head say together, as the server asks them.
core::Expected<RequestHead> judge(std::string_view bytes) {
    const auto end = find_head_end(bytes);
    if (!end) return std::unexpected{end.error()};
    if (!*end) return core::refuse("no end");
    return parse_request_head(bytes.substr(0, **end));
}

std::string with_headers(std::string_view lines) {
    return "POST /x HTTP/1.1\r\nHost: h\r\n" + std::string{lines} + "\r\n";
}

}  // namespace

TEST_CASE("a head that two programs could read differently is refused") {
    const std::string nul(1, '\0');
    const Case cases[] = {
        {"both framings", with_headers("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n")},
        {"both framings, other order", with_headers("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n")},
        {"another encoding", with_headers("Transfer-Encoding: gzip\r\n")},
        {"a list of encodings", with_headers("Transfer-Encoding: gzip, chunked\r\n")},
        {"chunked twice in a list", with_headers("Transfer-Encoding: chunked, chunked\r\n")},
        {"chunked twice", with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
        {"chunked, then identity",
         with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n")},
        {"an empty encoding", with_headers("Transfer-Encoding:\r\n")},
        {"an encoding with a vertical tab", with_headers("Transfer-Encoding: \x0b"
                                                         "chunked\r\n")},
        {"an encoding with a parameter", with_headers("Transfer-Encoding: chunked;q=1\r\n")},
        {"a space before the colon", with_headers("Transfer-Encoding : chunked\r\n")},
        {"a tab before the colon", with_headers("Content-Length\t: 4\r\n")},
        {"a folded header", with_headers("X: a\r\n b\r\n")},
        {"a folded encoding", with_headers("Transfer-Encoding:\r\n chunked\r\n")},
        {"a fold before the first header", "GET / HTTP/1.1\r\n X: a\r\nHost: h\r\n\r\n"},
        {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"two lengths", with_headers("Content-Length: 4\r\nContent-Length: 5\r\n")},
        {"one length twice", with_headers("Content-Length: 4\r\nContent-Length: 4\r\n")},
        {"a list of lengths", with_headers("Content-Length: 4, 4\r\n")},
        {"a length with a sign", with_headers("Content-Length: +4\r\n")},
        {"a negative length", with_headers("Content-Length: -4\r\n")},
        {"a hexadecimal length", with_headers("Content-Length: 0x4\r\n")},
        {"a length with a rest", with_headers("Content-Length: 4 4\r\n")},
        {"an empty length", with_headers("Content-Length:\r\n")},
        {"a length out of range", with_headers("Content-Length: 99999999999999999999\r\n")},
        {"no Host", "GET / HTTP/1.1\r\n\r\n"},
        {"two Hosts", with_headers("Host: h\r\n")},
        {"a Host that is a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
        {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {"a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
        {"a bare LF after the first line", "GET / HTTP/1.1\nHost: h\r\n\r\n"},
        {"a bare LF after a header", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"},
        {"a bare LF at the end", "GET / HTTP/1.1\r\nHost: h\r\n\n"},
        {"a bare CR in a value", with_headers("X: a\rContent-Length: 4\r\n")},
        {"a bare CR in the target", "GET /\rx HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a NUL in a value", with_headers("X: a" + nul + "b\r\n")},
        {"a NUL in a name", with_headers("X" + nul + ": b\r\n")},
        {"a NUL in the target", "GET /" + nul + " HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a DEL in a value", with_headers("X: \x7f\r\n")},
        {"a header without a colon", with_headers("Nothing\r\n")},
        {"a header without a name", with_headers(": value\r\n")},
        {"a name with a space", with_headers("A B: c\r\n")},
        {"a name with brackets", with_headers("A[1]: c\r\n")},
        {"an absolute target of another host", "GET http://g/ HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"an absolute target of another port", "GET http://h:81/ HTTP/1.1\r\nHost: h:80\r\n\r\n"},
        {"an absolute target with a user", "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"an absolute target whose host is a user", "GET http://h@g/ HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"an absolute target without a Host", "GET http://h/ HTTP/1.1\r\n\r\n"},
        {"an absolute target without a host", "GET http:///x HTTP/1.1\r\nHost:\r\n\r\n"},
        {"an absolute target of another scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"an absolute target with a backslash", "GET http://h\\@g/ HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"an absolute target with a fragment", "GET http://h/#x HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a Host with a port that is none", "GET / HTTP/1.1\r\nHost: 127.0.0.1:x\r\n\r\n"},
        {"a Host with a port out of range", "GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n"},
        {"a Host with two ports", "GET / HTTP/1.1\r\nHost: h:1:2\r\n\r\n"},
        {"a Host that is a port", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"},
        {"a Host with a bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
        {"a Host with something behind brackets", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"},
        {"a target for CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"an asterisk target", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a target with a fragment", "GET /#x HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a target with a space", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a target that is not ASCII", "GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"an empty target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"two spaces after the method", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a tab after the method", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a method that is no token", "GE(T / HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"no version", "GET /\r\nHost: h\r\n\r\n"},
        {"version 2.0", "PRI * HTTP/2.0\r\nHost: h\r\n\r\n"},
        {"version 1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n"},
        {"a version in small letters", "GET / http/1.1\r\nHost: h\r\n\r\n"},
        {"a space after the version", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n"},
        {"an empty first line", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"another expectation", with_headers("Expect: 200-ok\r\n")},
        {"TLS", "\x16\x03\x01\x02"},
    };
    for (const auto& each : cases) {
        CAPTURE(each.name);
        const auto head = judge(each.bytes);
        REQUIRE_FALSE(head);
        CHECK(head.error().message() != "no end");
    }
}

TEST_CASE("a well-formed head says how its body ends and whether the connection stays") {
    struct Good {
        std::string bytes;
        BodyFrame body;
        bool keep_alive;
        bool expects_continue = false;
    };
    using Kind = BodyFrame::Kind;
    const Good cases[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", {}, true},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", {}, true},
        {"GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: x, Close\r\n\r\n", {}, false},
        {"GET /a?b=c|d&e={} HTTP/1.0\r\nHost: h\r\n\r\n", {}, false},
        {"GET / HTTP/1.0\r\nHost: h\r\nConnection: Keep-Alive\r\n\r\n", {}, true},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", {Kind::length, 0}, true},
        {"POST / HTTP/1.1\r\nHost: h\r\ncontent-length:12 \r\n\r\n", {Kind::length, 12}, true},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
         {Kind::chunked, 0},
         true,
         true},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\n\r\n", {Kind::chunked, 0}, true},
    };
    for (const auto& each : cases) {
        CAPTURE(each.bytes);
        const auto head = judge(each.bytes);
        REQUIRE(head);
        CHECK(head->body == each.body);
        CHECK(head->keep_alive == each.keep_alive);
        CHECK(head->expects_continue == each.expects_continue);
    }
    const auto head = judge("PATCH /a?b HTTP/1.1\r\nHost: h\r\nX: \t a b \t\r\nx:\xe4\r\n\r\nrest");
    REQUIRE(head);
    CHECK(head->method == "PATCH");
    CHECK(head->target == "/a?b");
    CHECK(head->headers.find("x") == "a b");
    CHECK(head->headers.count("X") == 2);
}

TEST_CASE("a target in absolute form goes on in origin form, where Host says the same") {
    struct Absolute {
        std::string target;
        std::string host;
        std::string origin_form;
    };
    const Absolute cases[] = {
        {"http://h/a?b", "h", "/a?b"},
        {"HTTP://H:80/", "h:80", "/"},
        {"http://h", "h", "/"},
        {"https://h?x=http://g/", "h", "/?x=http://g/"},
        {"http://[::1]:7800/x", "[::1]:7800", "/x"},
    };
    for (const auto& [target, host, origin_form] : cases) {
        CAPTURE(target);
        const auto head = judge("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        REQUIRE(head);
        CHECK(head->target == origin_form);
    }
}

TEST_CASE("an expectation that is not met is told as one") {
    const auto head = judge(with_headers("Expect: 200-ok\r\n"));
    REQUIRE_FALSE(head);
    CHECK(head.error().reason() == "expectation_failed");
}

TEST_CASE("too many headers are told apart from wrong ones") {
    std::string lines;
    for (int i = 0; i < 200; ++i) lines += "X: y\r\n";
    const auto head = judge(with_headers(lines));
    REQUIRE_FALSE(head);
    CHECK(head.error().code() == core::Code::exhausted);
}

TEST_CASE("the end of a head is found wherever the pieces are cut") {
    const std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    for (std::size_t seen = 0; seen < bytes.size(); ++seen) {
        const auto early = find_head_end(bytes.substr(0, seen));
        REQUIRE(early);
        CHECK_FALSE(*early);
        const auto end = find_head_end(bytes + "more", seen);
        REQUIRE(end);
        CHECK(*end == bytes.size());
    }
}

TEST_CASE("an answer's head says how its body ends") {
    struct Answer {
        std::string bytes;
        std::string method;
        BodyFrame body;
        bool keep_alive;
    };
    using Kind = BodyFrame::Kind;
    const Answer cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", {Kind::length, 3}, true},
        {"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\n", "GET", {Kind::length, 3}, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", {}, true},
        {"HTTP/1.1 204 No Content\r\n\r\n", "GET", {}, true},
        {"HTTP/1.1 304 \r\nContent-Length: 3\r\n\r\n", "GET", {}, true},
        {"HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n", "GET", {}, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
         "GET",
         {Kind::chunked, 0},
         false},
        {"HTTP/1.1 200 OK\r\n\r\n", "GET", {Kind::until_close, 0}, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", "GET", {Kind::length, 1}, false},
    };
    for (const auto& each : cases) {
        CAPTURE(each.bytes);
        const auto head = parse_answer_head(each.bytes, each.method);
        REQUIRE(head);
        CHECK(head->body == each.body);
        CHECK(head->keep_alive == each.keep_alive);
    }
    for (const std::string bytes :
         {"HTTP/1.1 99 OK\r\n\r\n", "HTTP/1.1 600 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
          "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 200 O\x01K\r\n\r\n",
          "HTTP/1.1 200 OK\r\nA\r\n\r\n", "HTTP/1.1\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        CAPTURE(bytes);
        CHECK_FALSE(parse_answer_head(bytes, "GET"));
    }
}
