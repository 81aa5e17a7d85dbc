// CurlClient against a server that says exactly what a test wants, byte by byte.
#include "outbound/curl_client.hpp"

#include <doctest/doctest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>

#include "async/deadline.hpp"
#include "async/gate.hpp"
#include "async/scope.hpp"
#include "core/error.hpp"
#include "tests/fakes/reason_of.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using boost::asio::use_awaitable;
using boost::asio::ip::tcp;
using fakes::error_of;
using fakes::run_loop;

namespace {

/// One connection: reads a head, then lets the test speak.
class RawServer {
public:
    explicit RawServer(async::Executor executor)
        : acceptor_{executor, {boost::asio::ip::address_v4::loopback(), 0}}, socket_{executor} {
        setenv("no_proxy", "127.0.0.1", 1);
    }
    std::string url() const {
        return fmt::format("http://127.0.0.1:{}/v1", acceptor_.local_endpoint().port());
    }

    Task<std::string> accept() {
        socket_ = co_await acceptor_.async_accept(use_awaitable);
        std::string head;
        const auto length = co_await boost::asio::async_read_until(socket_, boost::asio::dynamic_buffer(head),
                                                                   "\r\n\r\n", use_awaitable);
        rest = head.substr(length);
        co_return head.substr(0, length);
    }
    Task<> say(std::string text) {
        co_await boost::asio::async_write(socket_, boost::asio::buffer(text), use_awaitable);
    }
    /// Returns when the other side has closed; what it still sent is dropped.
    Task<> until_closed() {
        std::array<char, 4096> buffer;
        boost::system::error_code ended;
        while (!ended)
            co_await socket_.async_read_some(boost::asio::buffer(buffer),
                                             boost::asio::redirect_error(use_awaitable, ended));
    }
    void close() { socket_.close(); }
    tcp::socket& socket() { return socket_; }

    std::string rest;

private:
    tcp::acceptor acceptor_;
    tcp::socket socket_;
};

outbound::Call call_to(const RawServer& server, std::string body = "{}") {
    return {"POST", server.url(), {{"X-Api-Key", "k"}, {"Empty", ""}}, std::move(body), {}};
}

template <class Test>
void with_server(Test test) {
    run_loop([&](async::Executor executor) -> Task<> {
        RawServer server{executor};
        outbound::CurlClient client{executor};
        co_await async::deadline(20s, "the test", test(server, client));
    });
}

}  // namespace

TEST_CASE("a call arrives whole, and its answer comes piece by piece as it is sent") {
    with_server([](RawServer& server, outbound::CurlClient& client) -> Task<> {
        async::Scope scope{co_await boost::asio::this_coro::executor};
        std::string head;
        async::Gate next{co_await boost::asio::this_coro::executor};
        bool may_go_on = false;
        scope.start("server", [](RawServer& s, std::string& h, async::Gate& gate, bool& go) -> Task<> {
            h = co_await s.accept();
            co_await s.say(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nX-One: 1\r\nContent-Length: "
                "8\r\n\r\nfirs");
            while (!go) co_await gate.wait();
            co_await s.say("tly!");
        }(server, head, next, may_go_on));
        auto reply = co_await client.send(call_to(server, "{\"a\":1}"));
        CHECK(reply.status == 201);
        CHECK(reply.headers.find("x-one") == "1");
        std::array<char, 64> buffer;
        CHECK(co_await reply.body->read(buffer) == 4);  // before the rest is even sent
        may_go_on = true;
        next.notify_all();
        CHECK(co_await net::read_all(*reply.body, 100) == "tly!");
        CHECK(head.starts_with("POST /v1 HTTP/1.1\r\n"));
        CHECK(head.find("X-Api-Key: k\r\n") != head.npos);
        CHECK(head.find("Content-Length: 7\r\n") != head.npos);
        CHECK(head.find("Expect") == head.npos);
        CHECK(server.rest == "{\"a\":1}");
        co_await scope.close();
    });
}

TEST_CASE("a slow reader holds the sender back, and gets every byte in the end") {
    with_server([](RawServer& server, outbound::CurlClient& client) -> Task<> {
        static constexpr std::size_t total = 24 << 20;
        async::Scope scope{co_await boost::asio::this_coro::executor};
        std::size_t sent = 0;
        scope.start("server", [](RawServer& s, std::size_t& count) -> Task<> {
            co_await s.accept();
            co_await s.say(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", total));
            const std::string piece(1 << 16, 'x');
            while (count < total) {
                co_await s.say(piece);
                count += piece.size();
            }
        }(server, sent));
        auto reply = co_await client.send(call_to(server));
        // The sender stands still once the socket's buffers and ours are full.
        std::size_t before = 1;
        while (before != sent) {
            before = sent;
            co_await async::pause(50ms);
        }
        CHECK(sent < total);
        std::vector<char> buffer(1 << 20);
        std::size_t got = 0;
        while (const auto count = co_await reply.body->read(buffer)) got += count;
        CHECK(got == total);
        co_await scope.close();
    });
}

TEST_CASE("cancelling a call, or dropping its body, closes the connection") {
    for (const bool has_head : {false, true}) {
        with_server([has_head](RawServer& server, outbound::CurlClient& client) -> Task<> {
            const auto executor = co_await boost::asio::this_coro::executor;
            async::Gate reached{executor};
            bool is_reading = false;
            async::Job job{
                executor, "call",
                [](RawServer& s, outbound::CurlClient& c, async::Gate& gate, bool& reading) -> Task<> {
                    auto reply = co_await c.send(call_to(s));
                    reading = true;
                    gate.notify_all();
                    std::array<char, 16> buffer;
                    co_await reply.body->read(buffer);
                }(server, client, reached, is_reading)};
            co_await server.accept();
            if (has_head) {
                co_await server.say("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n");
                while (!is_reading) co_await reached.wait();
            }
            co_await job.close();
            co_await server.until_closed();
        });
    }
}

TEST_CASE("silence, refusal, an early end and too many headers are told apart") {
    with_server([](RawServer& server, outbound::CurlClient& client) -> Task<> {
        async::Scope scope{co_await boost::asio::this_coro::executor};
        auto call = call_to(server);
        call.patience.silence = 50ms;
        scope.start("server", [](RawServer& s) -> Task<> {
            co_await s.accept();
            co_await s.say("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nab");
            co_await s.until_closed();
            co_await s.accept();
            co_await s.say("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nab");
            s.close();
            co_await s.accept();
            co_await s.say("HTTP/1.1 200 OK\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n");
        }(server));
        auto reply = co_await client.send(call);
        const auto silent = co_await error_of(net::read_all(*reply.body, 100));
        CHECK(silent.code() == core::Code::timeout);
        CHECK(silent.message() == "127.0.0.1 has been silent for 0.05 s");
        reply = co_await client.send(call_to(server));
        const auto cut = co_await error_of(net::read_all(*reply.body, 100));
        CHECK(cut.code() == core::Code::unavailable);
        CHECK(cut.reason() == "connection_broken");
        const auto large = co_await error_of(client.send(call_to(server)));
        CHECK(large.message().find("bytes of headers") != std::string::npos);
        co_await scope.close();
    });
}

TEST_CASE("a call that cannot be sent says why") {
    with_server([](RawServer& server, outbound::CurlClient& client) -> Task<> {
        auto call = call_to(server);
        call.headers.add("X-Api-Key", "a\r\nX-Evil: 1");
        CHECK((co_await error_of(client.send(call))).code() == core::Code::invalid);
        for (const auto* url : {"", "ftp://a/", "file:///etc/passwd", "http://"})
            CHECK_MESSAGE((co_await error_of(client.send({.url = url}))).code() == core::Code::invalid, url);
        auto refused = co_await error_of(client.send({.url = "http://127.0.0.1:1/"}));
        CHECK(refused.code() == core::Code::unavailable);
        CHECK(refused.reason() == "connection_error");
    });
}

TEST_CASE("a redirect is an answer and is not followed") {
    with_server([](RawServer& server, outbound::CurlClient& client) -> Task<> {
        async::Scope scope{co_await boost::asio::this_coro::executor};
        scope.start("server", [](RawServer& s) -> Task<> {
            co_await s.accept();
            co_await s.say(
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        }(server));
        auto reply = co_await client.send(call_to(server));
        CHECK(reply.status == 302);
        CHECK(co_await net::read_all(*reply.body, 10) == "");
        co_await scope.close();
    });
}
