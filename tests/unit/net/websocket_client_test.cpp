#include "net/websocket_client.hpp"

#include <doctest/doctest.h>

#include "async/deadline.hpp"
#include "core/error.hpp"
#include "net/connect.hpp"
#include "net/websocket.hpp"
#include "tests/unit/net/harness.hpp"

using namespace carrel;
using namespace carrel::net;
using namespace carrel::net::test;
using namespace std::chrono_literals;

namespace {

/// Sends back what comes; says more than is asked for some.
Task<> echo(WebSocket& socket) {
    while (const auto message = co_await socket.receive()) {
        if (message->data == "leave") co_return;
        if (message->data == "large") co_await socket.send_text(std::string(300'000, 'x'));
        if (message->data == "bytes") co_await socket.send_binary(std::string_view{"\0\xff", 2});
        co_await socket.send_text(message->data);
    }
}

void with_echo(const ServerTest& test) {
    Answering handler{[](Request& request) -> Task<Response> {
        if (request.path == "/plain") co_return text_response(200, "no WebSocket");
        if (request.path == "/liar")
            co_return upgrade_response(
                {{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
                [](std::unique_ptr<Stream>) -> Task<> { co_return; });
        co_return accept_websocket(request, {}, {.message_bytes = 1 << 20, .ping_every = 100ms}, echo);
    }};
    with_server(handler, {}, test);
}

Task<std::unique_ptr<WebSocketClient>> open(async::Executor executor, std::uint16_t port, std::string path,
                                            std::size_t message_bytes = 1 << 20) {
    auto wire = std::make_shared<Wire>(executor, co_await connect_loopback(port));
    co_return co_await WebSocketClient::open(std::move(wire), "127.0.0.1", std::move(path), message_bytes);
}

Task<std::string> ask(WebSocketClient& client, std::string text) {
    co_await client.send_text(text);
    const auto answer = co_await client.receive();
    co_return answer ? answer->data : "(ended)";
}

}  // namespace

TEST_CASE("a client and our own server understand each other, whatever the length") {
    with_echo([](Server& server, async::Executor executor) -> Task<> {
        const auto client = co_await open(executor, server.port(), "/ws");
        for (const std::size_t length : {0uz, 1uz, 125uz, 126uz, 65'535uz, 65'536uz, 500'000uz})
            CHECK((co_await ask(*client, std::string(length, 'y'))).size() == length);
        co_await client->send_text("bytes");
        const auto bytes = co_await client->receive();
        REQUIRE(bytes);
        CHECK(!bytes->is_text);
        CHECK(bytes->data == std::string_view{"\0\xff", 2});
        client->close();
    });
}

TEST_CASE("of a message that is too large the beginning is told, and the next one comes whole") {
    with_echo([](Server& server, async::Executor executor) -> Task<> {
        const auto client = co_await open(executor, server.port(), "/ws", 1000);
        co_await client->send_text("large");
        const auto cut = co_await client->receive();
        REQUIRE(cut);
        CHECK(cut->is_cut);
        CHECK(cut->data.size() <= 1024);
        CHECK(cut->data.starts_with("xxx"));
        const auto whole = co_await client->receive();
        REQUIRE(whole);
        CHECK(!whole->is_cut);
        CHECK(whole->data == "large");
        client->close();
    });
}

TEST_CASE("pings are answered: a client that only listens is not cut off") {
    with_echo([](Server& server, async::Executor executor) -> Task<> {
        const auto client = co_await open(executor, server.port(), "/ws");
        // The server cuts off who is silent for two of its pings.
        bool was_late = false;
        try {
            co_await async::deadline(600ms, "a message that never comes", client->receive());
        } catch (const core::Error& error) {
            was_late = error.code() == core::Code::timeout;
        }
        CHECK(was_late);
        client->close();
    });
}

TEST_CASE("the other side's end is the end of messages; sending says so") {
    with_echo([](Server& server, async::Executor executor) -> Task<> {
        const auto client = co_await open(executor, server.port(), "/ws");
        co_await client->send_text("leave");
        CHECK(!co_await client->receive());
        CHECK(!co_await client->receive());
        bool has_thrown = false;
        try {
            co_await client->send_text("more");
        } catch (const core::Error& error) {
            has_thrown = error.code() == core::Code::unavailable;
        }
        CHECK(has_thrown);
    });
}

TEST_CASE("what is no WebSocket server is refused, and so is nobody") {
    with_echo([](Server& server, async::Executor executor) -> Task<> {
        for (const std::string path : {"/plain", "/liar"}) {
            std::string said;
            try {
                co_await open(executor, server.port(), path);
            } catch (const core::Error& error) {
                said = error.message();
            }
            CHECK_MESSAGE(said.starts_with("the other side does not agree to a WebSocket"), path);
        }
        bool was_refused = false;
        try {
            co_await connect_loopback(1);
        } catch (const core::Error& error) {
            was_refused = error.code() == core::Code::unavailable;
        }
        CHECK(was_refused);
    });
}
