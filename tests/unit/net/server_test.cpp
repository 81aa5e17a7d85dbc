#include "net/server.hpp"

#include <doctest/doctest.h>

#include <sys/un.h>
#include <unistd.h>

#include <stdexcept>

#include "core/error.hpp"
#include "tests/unit/net/harness.hpp"

using namespace carrel;
using namespace carrel::net;
using namespace carrel::net::test;

namespace {

/// Gives its pieces one by one; then ends, or throws.
class Pieces final : public Source {
public:
    explicit Pieces(std::vector<std::string> pieces, bool fails = false)
        : pieces_{std::move(pieces)}, fails_{fails} {}

    Task<std::size_t> read(std::span<char> into) override {
        if (next_ == pieces_.size()) {
            if (fails_) throw core::Error{core::Code::unavailable, "the source broke off"};
            co_return 0;
        }
        const auto& piece = pieces_[next_++];
        piece.copy(into.data(), into.size());
        co_return piece.size();
    }

private:
    std::vector<std::string> pieces_;
    std::size_t next_ = 0;
    bool fails_;
};

/// Answers by path.
Task<Response> answer(Request& request) {
    if (request.path == "/echo") {
        auto text = co_await read_all(*request.body, 1 << 20);
        co_return text_response(200, request.method + " " + text);
    }
    if (request.path == "/ignore") co_return text_response(200, "ignored");
    if (request.path == "/chunks")
        co_return streamed(std::make_unique<Pieces>(std::vector<std::string>{"one", "two"}));
    if (request.path == "/length")
        co_return streamed(std::make_unique<Pieces>(std::vector<std::string>{"one", "two"}), 6);
    if (request.path == "/short")
        co_return streamed(std::make_unique<Pieces>(std::vector<std::string>{"one"}), 6);
    if (request.path == "/cut")
        co_return streamed(std::make_unique<Pieces>(std::vector<std::string>{"one"}, true));
    if (request.path == "/nothing") co_return Response{.status = 204};
    if (request.path == "/split") {
        auto response = text_response(200, "x");
        response.headers.add("X-Evil", "a\r\nSet-Cookie: b");
        co_return response;
    }
    if (request.path == "/throw") throw std::runtime_error{"a secret"};
    if (request.path == "/large") co_return text_response(200, std::string(3 << 20, 'l'));
    if (request.path == "/upgrade")
        co_return upgrade_response({{"Upgrade", "shout"}}, [](std::unique_ptr<Stream> stream) -> Task<> {
            std::array<char, 64> piece{};
            const auto count = co_await stream->read(piece);
            co_await stream->write(std::string{piece.data(), count} + "!");
        });
    if (request.path == "/change") co_return text_response(101, "to nothing");
    co_return text_response(200, request.target + " " + request.peer.address);
}

void serve(ServerLimits limits, const ServerTest& test) {
    Answering handler{answer};
    with_server(handler, limits, test);
}

/// What follows the empty line.
std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto place = text.find(part); place != text.npos; place = text.find(part, place + 1)) ++count;
    return count;
}

}  // namespace

TEST_CASE("a request is answered with its length, a date and an id, and the connection closed when asked") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        const auto text = co_await exchange(executor, server.port(), get("/a?b=c"));
        CHECK(text.starts_with("HTTP/1.1 200 OK\r\nDate: "));
        CHECK(text.contains("\r\nX-Request-Id: req_"));
        CHECK(text.contains("\r\nContent-Length: 16\r\n"));
        CHECK(text.contains("\r\nConnection: close\r\n"));
        CHECK(body_of(text) == "/a?b=c 127.0.0.1");
    });
}

TEST_CASE("requests sent together are answered in order on one connection") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        const auto text = co_await exchange(
            executor, server.port(),
            get("/1", "") + "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi" +
                "\r\nPOST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                "chunked\r\n\r\n3\r\nhey\r\n0\r\n\r\n" +
                "POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde" + get("/2"));
        CHECK(count_of(text, "HTTP/1.1 200 OK") == 5);
        const auto one = text.find("/1 127");
        const auto two = text.find("POST hi");
        const auto three = text.find("POST hey");
        const auto four = text.find("ignored");
        CHECK(one < two);
        CHECK(two < three);
        CHECK(three < four);
        CHECK(four < text.find("/2 127"));
    });
}

TEST_CASE("a request may come byte by byte") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        const auto stream = dial(executor, server.port());
        for (const char byte :
             "POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3\r\nhey\r\n0\r\n\r\n" +
                 std::string{}) {
            co_await stream->write({&byte, 1});
            co_await async::yield_turn();
        }
        CHECK(body_of(co_await read_to(*stream, {})) == "POST hey");
    });
}

TEST_CASE("a connection is promised to go on only where the rest of the body is known to be short") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        const std::string start = "POST /ignore HTTP/1.1\r\nHost: h\r\n";
        const auto port = server.port();
        const auto chunked = co_await exchange(
            executor, port, start + "Transfer-Encoding: chunked\r\n\r\n3\r\nhey\r\n0\r\n\r\n" + get("/2"));
        CHECK(count_of(chunked, "HTTP/1.1 ") == 1);
        CHECK(chunked.contains("\r\nConnection: close\r\n"));
        const auto empty = co_await exchange(
            executor, port, start + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get("/2"));
        CHECK(empty.contains("\r\nConnection: close\r\n"));
        const auto counted =
            co_await exchange(executor, port, start + "Content-Length: 3\r\n\r\nhey" + get("/2"));
        CHECK(count_of(counted, "HTTP/1.1 200") == 2);
        CHECK(counted.contains("\r\nConnection: keep-alive\r\n"));
    });
}

TEST_CASE("streams are sent in chunks, by length, or until the end for HTTP/1.0") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        const auto chunked = co_await exchange(executor, server.port(), get("/chunks"));
        CHECK(chunked.contains("\r\nTransfer-Encoding: chunked\r\n"));
        CHECK(body_of(chunked) == "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
        const auto counted = co_await exchange(executor, server.port(), get("/length"));
        CHECK(counted.contains("\r\nContent-Length: 6\r\n"));
        CHECK(body_of(counted) == "onetwo");
        const auto old = co_await exchange(
            executor, server.port(), "GET /chunks HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
        CHECK_FALSE(old.contains("Transfer-Encoding"));
        CHECK(old.contains("\r\nConnection: close\r\n"));
        CHECK(body_of(old) == "onetwo");
    });
}

TEST_CASE("an answer that says 101 and changes to nothing is our own failure") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        const auto text = co_await exchange(executor, server.port(), get("/change"));
        CHECK(text.starts_with("HTTP/1.1 500 "));
        CHECK_FALSE(text.contains("to nothing"));
    });
}

TEST_CASE("a stream that breaks off is not made to look whole") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        CHECK(body_of(co_await exchange(executor, server.port(), get("/cut"))) == "3\r\none\r\n");
        CHECK(body_of(co_await exchange(executor, server.port(), get("/short"))) == "one");
    });
}

TEST_CASE("HEAD and 204 are answered without a body, and the connection stays usable") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        const auto text =
            co_await exchange(executor, server.port(),
                              "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nHEAD /length HTTP/1.1\r\nHost: h\r\n\r\n" +
                                  get("/nothing", "") + get("/end"));
        CHECK(count_of(text, "HTTP/1.1 ") == 4);
        CHECK(text.contains("Content-Length: 12\r\n"));
        CHECK(text.contains("Content-Length: 6\r\n"));
        CHECK_FALSE(text.contains("/a 127"));
        CHECK_FALSE(text.contains("one"));
        CHECK(text.ends_with("\r\n\r\n/end 127.0.0.1"));
    });
}

TEST_CASE("a client that waits for 100 Continue gets it when its body is wanted, and only then") {
    const std::string head = " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    serve({}, [&](Server& server, async::Executor executor) -> Task<> {
        const auto wanted = dial(executor, server.port());
        co_await wanted->write("POST /echo" + head);
        CHECK(co_await read_to(*wanted, "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
        co_await wanted->write("hi");
        CHECK((co_await read_to(*wanted, "POST hi")).starts_with("HTTP/1.1 200 OK"));

        const auto unwanted = co_await exchange(executor, server.port(), "POST /ignore" + head);
        CHECK(unwanted.starts_with("HTTP/1.1 200 OK"));
        CHECK(unwanted.contains("Connection: close"));
    });
}

TEST_CASE("what is not a request is refused with what is wrong, and the connection closed") {
    serve({.header_bytes = 2048}, [](Server& server, async::Executor executor) -> Task<> {
        struct Case {
            std::string bytes;
            std::string status;
        };
        const Case cases[] = {
            {"GET / HTTP/1.1\r\n\r\n", "400"},
            {"GET / HTTP/1.1\nHost: h\n\n", "400"},
            {"\x16\x03\x01", "400"},
            {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
             "400"},
            {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
            {get("/%zz"), "400"},
            {get("/", "X: " + std::string(3000, 'x') + "\r\n"), "431"},
            {get("/" + std::string(3000, 'x')), "431"},
        };
        for (const auto& each : cases) {
            CAPTURE(each.bytes.substr(0, 80));
            const auto text = co_await exchange(executor, server.port(), each.bytes + get("/smuggled"));
            CHECK(text.starts_with("HTTP/1.1 " + each.status));
            CHECK(text.contains("application/problem+json"));
            CHECK(text.contains("Connection: close"));
            CHECK_FALSE(text.contains("/smuggled 127"));
            CHECK(count_of(text, "HTTP/1.1 ") == 1);
        }
    });
}

TEST_CASE("half a head and half a body time out with 408; an idle connection is closed without a word") {
    ServerLimits limits{.header_time = 40ms, .idle_time = 60ms, .body_idle_time = 40ms};
    serve(limits, [](Server& server, async::Executor executor) -> Task<> {
        CHECK((co_await exchange(executor, server.port(), "GET / HT")).starts_with("HTTP/1.1 408"));
        CHECK((co_await exchange(executor, server.port(),
                                 "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf"))
                  .starts_with("HTTP/1.1 408"));
        CHECK(co_await exchange(executor, server.port(), "") == "");
        const auto kept = co_await exchange(executor, server.port(), get("/a", ""));
        CHECK(count_of(kept, "HTTP/1.1 ") == 1);
    });
}

TEST_CASE("a handler that fails is a 500 that tells nothing, and a header cannot be split") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        const auto thrown = co_await exchange(executor, server.port(), get("/throw"));
        CHECK(thrown.starts_with("HTTP/1.1 500"));
        CHECK_FALSE(thrown.contains("secret"));
        const auto split = co_await exchange(executor, server.port(), get("/split"));
        CHECK(split.starts_with("HTTP/1.1 500"));
        CHECK_FALSE(split.contains("Set-Cookie"));
    });
}

TEST_CASE("a large answer reaches a slow reader whole; a body nobody reads does not hide the answer") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        CHECK(body_of(co_await exchange(executor, server.port(), get("/large"))).size() == 3 << 20);
        const auto refused =
            co_await exchange(executor, server.port(),
                              "POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n" +
                                  std::string(2'000'000, 'x'));
        CHECK(refused.ends_with("ignored"));
        CHECK(refused.contains("Connection: close"));
    });
}

TEST_CASE("a reader that takes nothing is cut off in the end") {
    serve({.body_idle_time = 40ms}, [](Server& server, async::Executor executor) -> Task<> {
        const auto stream = dial(executor, server.port());
        for (int i = 0; i < 8; ++i) co_await stream->write(get("/large", ""));
        while (server.connections() == 0) co_await async::yield_turn();
        while (server.connections() > 0) co_await async::pause(1ms);
    });
}

TEST_CASE("after 101 the connection is the handler's") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        const auto text = co_await exchange(
            executor, server.port(), get("/upgrade", "Connection: Upgrade\r\nUpgrade: shout\r\n") + "hello");
        CHECK(text.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
        CHECK(text.contains("Connection: Upgrade\r\n"));
        CHECK(body_of(text) == "hello!");
        const auto with_body = co_await exchange(
            executor, server.port(),
            "POST /upgrade HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
        CHECK(with_body.starts_with("HTTP/1.1 400"));
    });
}

TEST_CASE("a Unix socket that listens already is served too") {
    Answering handler{answer};
    const std::string path = "/tmp/carrel-net-test-" + std::to_string(getpid());
    core::Fd socket{core::checked("socket", ::socket(AF_UNIX, SOCK_STREAM, 0))};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    unlink(path.c_str());
    core::checked("bind", bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
    core::checked("listen", listen(socket.get(), 8));
    with_server(handler, {}, [&](Server& server, async::Executor) -> Task<> {
        CHECK(server.port() != 0);
        co_return;
    });
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        Server server{executor, handler};
        server.listen_fd(std::move(socket));
        CHECK(server.port() == 0);
        async::Job job{executor, "the server", server.run()};
        const auto stream = co_await connect_unix(path);
        co_await stream->write(get("/a"));
        CHECK((co_await read_to(*stream, {})).ends_with("/a unix"));
        co_await job.close();
    });
    unlink(path.c_str());
}

TEST_CASE("a port in use and a bad address are told in a sentence") {
    serve({}, [](Server& server, async::Executor executor) -> Task<> {
        Answering handler{answer};
        Server second{executor, handler};
        try {
            second.listen_tcp("127.0.0.1", server.port());
            FAIL("no throw");
        } catch (const core::Error& error) {
            CHECK(error.code() == core::Code::conflict);
        }
        CHECK_THROWS_AS(second.listen_tcp("localhost", 0), core::Error);
        second.listen_tcp("::1", 0);
        CHECK(second.port() != 0);
        co_return;
    });
}
