#include "net/websocket_handshake.hpp"

#include <doctest/doctest.h>

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

}  // namespace

TEST_CASE("a handshake is refused by what is wrong with it") {
    CHECK_FALSE(refuse_handshake(handshake()));
    auto old = handshake();
    old.headers.set("Sec-WebSocket-Version", "8");
    const auto refusal = refuse_handshake(old);
    REQUIRE(refusal);
    CHECK(refusal->status == 426);
    CHECK(refusal->headers.find("Sec-WebSocket-Version") == "13");
    for (const auto* missing : {"Connection", "Upgrade", "Sec-WebSocket-Key"}) {
        auto request = handshake();
        request.headers.remove(missing);
        CHECK_THROWS_WITH_AS(refuse_handshake(request), doctest::Contains("for WebSockets"), core::Error);
    }
    auto posted = handshake();
    posted.method = "POST";
    CHECK_THROWS_WITH_AS(refuse_handshake(posted), doctest::Contains("must be GET"), core::Error);
    auto short_key = handshake();
    short_key.headers.set("Sec-WebSocket-Key", "YWJj");
    CHECK_THROWS_WITH_AS(refuse_handshake(short_key), doctest::Contains("16 bytes"), core::Error);
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
