#include "net/websocket.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "async/gate.hpp"
#include "core/error.hpp"
#include "net/status.hpp"
#include "net/websocket_frames.hpp"
#include "tests/unit/net/harness.hpp"

using namespace carrel;
using namespace carrel::net;
using namespace carrel::net::test;

namespace {

/// A client's frame, masked.
std::string frame(Opcode opcode, std::string payload, bool is_last = true) {
    std::string bytes;
    append_frame(bytes, opcode, payload);
    if (!is_last) bytes[0] = static_cast<char>(bytes[0] & 0x7f);
    const auto head = bytes.size() - payload.size();
    bytes[1] = static_cast<char>(bytes[1] | '\x80');
    const std::array<char, 4> mask{'m', 'a', 's', 'k'};
    unmask(payload, mask);
    return bytes.substr(0, head) + std::string{mask.data(), mask.size()} + payload;
}

std::string server_frame(Opcode opcode, std::string_view payload) {
    std::string bytes;
    append_frame(bytes, opcode, payload);
    return bytes;
}

std::string farewell(std::uint16_t code, std::string_view reason = {}) {
    return server_frame(Opcode::close, make_farewell(code, reason));
}

const std::string handshake =
    "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: other, binary\r\n\r\n";

/// Sends back what comes; "leave" and "fail" do so; "many" sends from two tasks.
Task<> echo(WebSocket& socket) {
    while (const auto message = co_await socket.receive()) {
        if (message->data == "leave") co_return;
        if (message->data == "fail") throw std::runtime_error{"a secret"};
        if (message->data == "close")
            co_await socket.close(4404, "no such session");
        else if (message->is_text)
            co_await socket.send_text(message->data);
        else
            co_await socket.send_binary(message->data);
    }
}

void with_echo(WebSocketLimits limits, const ServerTest& test) {
    Answering handler{[limits](Request& request) -> Task<Response> {
        try {
            co_return accept_websocket(request, {"binary"}, limits, echo);
        } catch (const core::Error& error) {
            co_return text_response(status_of(error), error.message());
        }
    }};
    with_server(handler, {}, test);
}

/// All that the server says after its head to a client that says `bytes`.
Task<std::string> talk(Server& server, async::Executor executor, std::string bytes) {
    const auto text = co_await exchange(executor, server.port(), handshake + bytes);
    co_return text.substr(text.find("\r\n\r\n") + 4);
}

}  // namespace

TEST_CASE("the handshake agrees on a subprotocol, or says what is missing") {
    with_echo({}, [](Server& server, async::Executor executor) -> Task<> {
        const auto text = co_await exchange(executor, server.port(), handshake + frame(Opcode::close, ""));
        CHECK(text.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
        CHECK(text.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        CHECK(text.contains("\r\nSec-WebSocket-Protocol: binary\r\n"));
        CHECK(text.contains("\r\nUpgrade: websocket\r\n"));
        const std::string plain = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        CHECK((co_await exchange(executor, server.port(), plain)).starts_with("HTTP/1.1 426"));
        auto old = handshake;
        old.replace(old.find("Version: 13"), 11, "Version: 8\r\nConnection: close");
        const auto refused = co_await exchange(executor, server.port(), old);
        CHECK(refused.starts_with("HTTP/1.1 426"));
    });
}

TEST_CASE("messages of any size come back, in parts or whole, with pings between their parts") {
    with_echo({}, [](Server& server, async::Executor executor) -> Task<> {
        const std::string middle(300, 'm');
        const std::string large(200'000, 'l');
        const auto said =
            co_await talk(server, executor,
                          frame(Opcode::text, "h\xc3\xa4llo") + frame(Opcode::binary, "") +
                              frame(Opcode::binary, middle) + frame(Opcode::binary, large) +
                              frame(Opcode::text, "a\xc3", false) + frame(Opcode::ping, "are you there") +
                              frame(Opcode::continuation, "\xa4", false) + frame(Opcode::continuation, "b") +
                              frame(Opcode::pong, "") + frame(Opcode::close, make_farewell(1001, "going")));
        CHECK(said == server_frame(Opcode::text, "h\xc3\xa4llo") + server_frame(Opcode::binary, "") +
                          server_frame(Opcode::binary, middle) + server_frame(Opcode::binary, large) +
                          server_frame(Opcode::pong, "are you there") +
                          server_frame(Opcode::text,
                                       "a\xc3\xa4"
                                       "b") +
                          farewell(1001));
    });
}

TEST_CASE("frames may come byte by byte") {
    with_echo({}, [](Server& server, async::Executor executor) -> Task<> {
        const auto stream = dial(executor, server.port());
        co_await stream->write(handshake);
        co_await read_to(*stream, "\r\n\r\n");
        for (const char byte : frame(Opcode::text, "hi") + frame(Opcode::close, make_farewell(1000, ""))) {
            co_await stream->write({&byte, 1});
            co_await async::yield_turn();
        }
        CHECK(co_await read_to(*stream, {}) == server_frame(Opcode::text, "hi") + farewell(1000));
    });
}

TEST_CASE("what breaks the protocol is answered with why, and the end") {
    auto unmasked = server_frame(Opcode::text, "hi");
    auto reserved = frame(Opcode::text, "hi");
    reserved[0] = static_cast<char>(reserved[0] | 0x40);
    auto unknown = frame(static_cast<Opcode>(3), "");
    struct Case {
        std::string bytes;
        std::uint16_t code;
    };
    const Case cases[] = {
        {unmasked + std::string(8, 'x'), 1002},
        {reserved, 1002},
        {unknown, 1002},
        {frame(Opcode::ping, std::string(126, 'x')), 1002},
        {frame(Opcode::ping, "", false), 1002},
        {frame(Opcode::continuation, "x"), 1002},
        {frame(Opcode::text, "a", false) + frame(Opcode::text, "b"), 1002},
        {std::string("\x82\xfe\x00\x05mask", 8), 1002},
        {frame(Opcode::close, "x"), 1002},
        {frame(Opcode::close, make_farewell(1005, "")), 1002},
        {frame(Opcode::text, "\xc3("), 1007},
        {frame(Opcode::binary, std::string(1001, 'x')), 1009},
        {frame(Opcode::binary, std::string(600, 'x'), false) +
             frame(Opcode::continuation, std::string(600, 'x')),
         1009},
        {std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
                     "mask",
                     14),
         1009},
    };
    with_echo({.message_bytes = 1000}, [&](Server& server, async::Executor executor) -> Task<> {
        for (const auto& each : cases) {
            CAPTURE(each.code);
            CAPTURE(each.bytes.substr(0, 10));
            const auto stream = dial(executor, server.port());
            co_await stream->write(handshake + each.bytes);
            stream->finish_writing();
            const auto text = co_await read_to(*stream, {});
            const auto said = text.substr(text.find("\r\n\r\n") + 4);
            REQUIRE(said.size() >= 4);
            CHECK(said[0] == '\x88');
            CHECK(said.substr(2, 2) == make_farewell(each.code, ""));
        }
    });
}

TEST_CASE("the server's goodbye carries its code, also when it fails") {
    with_echo({}, [](Server& server, async::Executor executor) -> Task<> {
        struct Case {
            std::string message;
            std::string said;
        };
        const Case cases[] = {{"leave", farewell(1000)},
                              {"fail", farewell(1011)},
                              {"close", farewell(4404, "no such session")}};
        for (const auto& each : cases) {
            CAPTURE(each.message);
            const auto said = co_await talk(
                server, executor,
                frame(Opcode::text, each.message) + frame(Opcode::close, make_farewell(1000, "")));
            CHECK(said == each.said);
        }
    });
}

TEST_CASE("a silent client is pinged, and then cut off") {
    with_echo({.ping_every = 20ms}, [](Server& server, async::Executor executor) -> Task<> {
        const auto said = co_await talk(server, executor, "");
        CHECK(said.starts_with(server_frame(Opcode::ping, "")));
        CHECK_FALSE(said.contains('\x88'));
    });
}

TEST_CASE("sends from several tasks are written one after another") {
    Answering handler{[](Request& request) -> Task<Response> {
        co_return accept_websocket(request, {}, {}, [](WebSocket& socket) -> Task<> {
            CHECK(socket.subprotocol().empty());
            async::Scope scope{co_await boost::asio::this_coro::executor};
            async::Gate done{co_await boost::asio::this_coro::executor};
            int left = 2;
            const auto send = [&](char letter) -> Task<> {
                for (int i = 0; i < 20; ++i) co_await socket.send_binary(std::string(100'000, letter));
                if (--left == 0) done.notify_all();
            };
            scope.start("a", send('a'));
            scope.start("b", send('b'));
            while (left > 0) co_await done.wait();
        });
    }};
    with_server(handler, {}, [](Server& server, async::Executor executor) -> Task<> {
        const auto said = co_await talk(server, executor, frame(Opcode::close, ""));
        const auto a = server_frame(Opcode::binary, std::string(100'000, 'a'));
        const auto b = server_frame(Opcode::binary, std::string(100'000, 'b'));
        std::string_view left = said;
        int count = 0;
        for (; left.starts_with(a) || left.starts_with(b); left.remove_prefix(a.size())) ++count;
        CHECK(count == 40);
        CHECK(left == farewell(1000));
    });
}
