#include "net/websocket_handshake.hpp"

#include <doctest/doctest.h>

#include "net/status.hpp"
#include "tests/unit/net/harness.hpp"

using namespace carrel;
using namespace carrel::net;
using namespace carrel::net::test;

namespace {

constexpr auto key = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455, 1.3
constexpr auto accepted = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

Request handshake() {
    Request request;
    request.headers = {{"connection", "keep-alive, upgrade"},
                       {"upgrade", "WebSocket"},
                       {"sec-websocket-key", key},
                       {"sec-websocket-version", "13"},
                       {"Sec-WebSocket-Protocol", "a, b"},
                       {"Sec-WebSocket-Extensions", "permessage-deflate"},
                       {"Cookie", "carrel_login=1"}};
    return request;
}

/// 0 when it is accepted.
int status_of_refusal(const Request& request) {
    try {
        require_handshake(request);
        return 0;
    } catch (const core::Error& error) {
        return status_of(error);
    }
}

}  // namespace

TEST_CASE("a handshake is refused by what is wrong with it") {
    CHECK(status_of_refusal(handshake()) == 0);
    for (const auto* missing : {"Connection", "Upgrade", "Sec-WebSocket-Version"}) {
        auto request = handshake();
        request.headers.remove(missing);
        CHECK_MESSAGE(status_of_refusal(request) == 426, missing);
    }
    auto old = handshake();
    old.headers.set("Sec-WebSocket-Version", "8");
    CHECK(status_of_refusal(old) == 426);
    auto posted = handshake();
    posted.method = "POST";
    CHECK(status_of_refusal(posted) == 426);
}

TEST_CASE("a key that is none, and what stands twice, is a bad request and no wish for another protocol") {
    for (const auto* bad :
         {"", "YWJj", "dGhlIHNhbXBsZSBub25jZQ", "not base64 at all", "dGhlIHNhbXBsZSBub25jZTEy"}) {
        auto request = handshake();
        request.headers.set("Sec-WebSocket-Key", bad);
        CHECK_MESSAGE(status_of_refusal(request) == 400, bad);
    }
    for (const auto* twice : {"Sec-WebSocket-Key", "Sec-WebSocket-Version"}) {
        auto request = handshake();
        request.headers.add(twice, std::string{*request.headers.find(twice)});
        CHECK_MESSAGE(status_of_refusal(request) == 400, twice);
    }
    auto keyless = handshake();
    keyless.headers.remove("Sec-WebSocket-Key");
    CHECK(status_of_refusal(keyless) == 400);
}

TEST_CASE("who speaks another version is told which one is spoken here") {
    Headers headers;
    add_handshake_hints(headers);
    CHECK(headers.find("Upgrade") == "websocket");
    CHECK(headers.find("Sec-WebSocket-Version") == "13");
}

TEST_CASE("of a handshake that is passed on, no extension and no cookie goes along") {
    const auto passed = handshake_headers(handshake().headers);
    CHECK(passed.size() == 5);
    CHECK(passed.find("Upgrade") == "websocket");
    CHECK(passed.find("Sec-WebSocket-Key") == key);
    CHECK(passed.find("Sec-WebSocket-Protocol") == "a, b");
    CHECK_FALSE(passed.has("Sec-WebSocket-Extensions"));
    CHECK_FALSE(passed.has("Cookie"));
}

TEST_CASE("another server's 101 is believed only when it answers this handshake") {
    struct Case {
        Headers answer;
        std::string agreed;
        bool is_good;
    };
    const Case cases[] = {
        {{{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", accepted}}, "", true},
        {{{"upgrade", "WebSocket"}, {"sec-websocket-accept", accepted}, {"Sec-WebSocket-Protocol", "b"}},
         "b",
         true},
        {{{"Upgrade", "websocket"}}, "", false},
        {{{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", "c3BvaWxlZA=="}}, "", false},
        {{{"Upgrade", "carrel-stream"}, {"Sec-WebSocket-Accept", accepted}}, "", false},
        {{{"Sec-WebSocket-Accept", accepted}}, "", false},
        {{{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", accepted}, {"Sec-WebSocket-Protocol", "c"}},
         "",
         false},
        {{{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", accepted}, {"Sec-WebSocket-Protocol", "A"}},
         "",
         false},
        {{{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", accepted}, {"Sec-WebSocket-Protocol", "a, b"}},
         "",
         false},
        {{{"Upgrade", "websocket"},
          {"Sec-WebSocket-Accept", accepted},
          {"Sec-WebSocket-Extensions", "permessage-deflate"}},
         "",
         false},
    };
    for (const auto& test : cases) {
        const auto judged = judge_acceptance(handshake().headers, test.answer);
        CHECK(judged.has_value() == test.is_good);
        if (judged) CHECK(*judged == test.agreed);
    }
    Headers none{{"Sec-WebSocket-Key", key}};
    CHECK_FALSE(judge_acceptance(none, cases[1].answer));
}

TEST_CASE("who hangs up takes the other side along, after a moment for the last words") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        auto client = make_ends(executor);
        auto desk = make_ends(executor);
        async::Job job{executor, "relaying", relay(*client.ours, *desk.ours, 50ms)};
        co_await client.theirs->write("up");
        CHECK(co_await read_to(*desk.theirs, "up") == "up");
        client.theirs->finish_writing();
        CHECK(co_await read_to(*desk.theirs, {}) == "");
        // The desk neither ends nor says anything: the client is let go all the same.
        co_await desk.theirs->write("last words");
        CHECK(co_await read_to(*client.theirs, {}) == "last words");
        CHECK_THROWS_AS(co_await desk.theirs->write("too late"), core::Error);
        co_await job.close();
    });
}
