#include "net/tunnel.hpp"

#include <doctest/doctest.h>

#include <sys/un.h>
#include <unistd.h>

#include <deque>

#include "core/error.hpp"
#include "net/listener.hpp"
#include "tests/unit/net/harness.hpp"

using namespace carrel;
using namespace carrel::net;
using namespace carrel::net::test;

namespace {

/// A listening Unix socket with a name of its own, removed at the end.
class Place {
public:
    Place() {
        unlink(path.c_str());
        socket = core::Fd{
            core::checked("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, path.size());
        core::checked("bind", bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
        core::checked("listen", listen(socket.get(), 16));
    }
    ~Place() { unlink(path.c_str()); }

    std::string path = "/tmp/carrel-tunnel-test-" + std::to_string(getpid());
    core::Fd socket;
};

/// A desk that answers each connection's first bytes with fixed ones, and closes when told.
struct Script {
    std::string answer;
    bool closes = true;
};

Task<> play_one(std::unique_ptr<Stream> stream, Script script, std::string& heard) {
    heard = co_await read_to(*stream, "\r\n\r\n");
    co_await stream->write(script.answer);
    if (script.closes) co_return;
    heard += co_await read_to(*stream, {});
}

Task<> play(Listener& listener, async::Scope& scope, async::Executor executor, std::deque<Script> scripts,
            std::deque<std::string>& heard) {
    for (auto& script : scripts) {
        auto arrival = co_await listener.accept();
        scope.start("a script", play_one(make_stream(executor, std::move(arrival.socket)), std::move(script),
                                         heard.emplace_back()));
    }
}

using TunnelTest = std::function<Task<>(Tunnel&, std::deque<std::string>& heard)>;

void with_scripts(std::deque<Script> scripts, TunnelLimits limits, const TunnelTest& test) {
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        Place place;
        Listener listener{executor, std::move(place.socket)};
        std::deque<std::string> heard;
        async::Scope scope{executor};
        scope.start("the scripts", play(listener, scope, executor, scripts, heard));
        std::exception_ptr failure;
        try {
            Tunnel tunnel{executor, place.path, limits};
            co_await async::deadline(20s, "a test", test(tunnel, heard));
        } catch (...) {
            failure = std::current_exception();
        }
        co_await scope.close();
        if (failure) std::rethrow_exception(failure);
    });
}

Request make_request(std::string method, std::string target, std::optional<std::string> body = {}) {
    Request request;
    request.method = std::move(method);
    set_target(request, std::move(target));
    request.body_length = body ? body->size() : 0;
    request.body = make_source(body.value_or(""));
    return request;
}

/// Status and body of what the tunnel answers, or the reason of its failure.
Task<std::string> ask(Handler& tunnel, Request request) {
    try {
        auto response = co_await tunnel.handle(request);
        const auto body = co_await read_all(response, 1 << 24);
        co_return std::to_string(response.status) + " " + body;
    } catch (const core::Error& error) {
        CHECK(error.code() == core::Code::unavailable);
        co_return error.reason();
    }
}

}  // namespace

TEST_CASE("a hostile or broken answer is told apart from one that never came") {
    struct Case {
        std::string answer;
        std::string outcome;
    };
    const Case cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 hi"},
        {"HTTP/1.1 200 OK\r\n\r\nhi", "200 hi"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "200 hi"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: "
         "0\r\n\r\n",
         "404 "},
        {"HTTP/1.1 204 No\r\n\r\n", "204 "},
        {"", "tool_server_restarted"},
        {"HTTP/1.1 200", "tool_server_restarted"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "tool_server_restarted"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "tool_server_restarted"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "bad_desk_answer"},
        {"SSH-2.0-x\r\n\r\n", "bad_desk_answer"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", "bad_desk_answer"},
        {"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "bad_desk_answer"},
        {"HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n", "bad_desk_answer"},
        {"HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'), "bad_desk_answer"},
    };
    for (const auto& each : cases)
        with_scripts({{each.answer}}, {}, [&](Tunnel& tunnel, std::deque<std::string>&) -> Task<> {
            CAPTURE(each.answer.substr(0, 100));
            CHECK(co_await ask(tunnel, make_request("GET", "/x")) == each.outcome);
        });
    std::string endless;
    for (int i = 0; i < 20; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
    with_scripts({{endless}}, {}, [&](Tunnel& tunnel, std::deque<std::string>&) -> Task<> {
        CHECK(co_await ask(tunnel, make_request("GET", "/x")) == "bad_desk_answer");
    });
}

TEST_CASE("the tunnel frames a request itself and passes the rest on as it is") {
    with_scripts(
        {{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false}}, {},
        [](Tunnel& tunnel, std::deque<std::string>& heard) -> Task<> {
            auto request = make_request("POST", "/a%20b?c=d", "hello");
            request.headers = {
                {"X-A", "b"}, {"Host", "evil"}, {"Connection", "close"}, {"Content-Length", "99"}};
            CHECK(co_await ask(tunnel, std::move(request)) == "200 ");
            CHECK(heard[0] ==
                  "POST /a%20b?c=d HTTP/1.1\r\nHost: desk\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello");
            auto bad = make_request("GET", "/a");
            bad.target = "/a b";
            CHECK_THROWS_AS(co_await tunnel.handle(bad), core::Error);
        });
}

TEST_CASE("a call on a dead kept connection is repeated only when it is safe") {
    const Script kept{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1", true};
    const Script fresh{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2", true};
    with_scripts({kept, fresh}, {}, [](Tunnel& tunnel, std::deque<std::string>& heard) -> Task<> {
        CHECK(co_await ask(tunnel, make_request("POST", "/x", "body")) == "200 1");
        // Now the desk has closed it, which shows before anything is sent.
        CHECK(co_await ask(tunnel, make_request("POST", "/y", "body")) == "200 2");
        CHECK(heard.size() == 2);
    });
    with_scripts({{"", true}}, {}, [](Tunnel& tunnel, std::deque<std::string>& heard) -> Task<> {
        CHECK(co_await ask(tunnel, make_request("POST", "/x", "body")) == "tool_server_restarted");
        CHECK(heard.size() == 1);
    });
}

TEST_CASE("nobody listening, or a queue that stays full, is unreachable") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        Tunnel nobody{executor, "/tmp/carrel-no-such-socket"};
        CHECK(co_await ask(nobody, make_request("GET", "/")) == "desk_unreachable");
        Tunnel impossible{executor, "/tmp/" + std::string(200, 'x')};
        CHECK(co_await ask(impossible, make_request("GET", "/")) == "desk_unreachable");
        Place place;
        core::checked("listen", listen(place.socket.get(), 0));
        const auto first = co_await connect_unix(place.path);
        Tunnel full{executor, place.path, {.connect_time = 20ms}};
        CHECK(co_await ask(full, make_request("GET", "/")) == "desk_unreachable");
    });
}

TEST_CASE("an upgrade becomes a stream both ways") {
    with_scripts({{"HTTP/1.1 101 Go\r\nUpgrade: carrel-stream\r\n\r\nfirst", false}}, {},
                 [](Tunnel& tunnel, std::deque<std::string>& heard) -> Task<> {
                     auto request = make_request("GET", "/vnc");
                     request.headers.add("Upgrade", "carrel-stream");
                     auto response = co_await tunnel.handle(request);
                     CHECK(response.status == 101);
                     const auto stream = response.take_connection();
                     REQUIRE(stream);
                     CHECK(co_await read_to(*stream, "first") == "first");
                     co_await stream->write("from here");
                     stream->finish_writing();
                     CHECK(co_await read_to(*stream, {}) == "");
                     CHECK(heard[0].contains("Connection: Upgrade\r\n"));
                     CHECK(heard[0].ends_with("from here"));
                 });
}

namespace {

/// `count` bytes that differ by their place.
class Counting final : public Source {
public:
    explicit Counting(std::uint64_t count) : left_{count} {}
    Task<std::size_t> read(std::span<char> into) override {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, into.size()));
        for (std::size_t i = 0; i < count; ++i) into[i] = static_cast<char>((left_ - i) % 251);
        left_ -= count;
        co_return count;
    }

private:
    std::uint64_t left_;
};

/// How many bytes come and whether they are those of Counting{count}.
Task<bool> is_counting(Source& source, std::uint64_t count) {
    std::array<char, 10'000> piece{};
    while (const auto got = co_await source.read(piece)) {
        for (std::size_t i = 0; i < got; ++i)
            if (piece[i] != static_cast<char>((count - i) % 251)) co_return false;
        count -= got;
    }
    co_return count == 0;
}

/// Takes or gives many bytes.
Task<Response> answer_in_bulk(Request& request) {
    constexpr std::uint64_t many = 5'000'000;
    if (request.path == "/up")
        co_return text_response(200, co_await is_counting(*request.body, many) ? "same" : "other");
    if (request.path == "/early") co_return text_response(413, "too large");
    co_return streamed(std::make_unique<Counting>(many),
                       request.path == "/counted" ? std::optional{many} : std::nullopt);
}

}  // namespace

TEST_CASE("bodies stream through server, tunnel and server, both ways and both framings") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        Place place;
        Answering desk{answer_in_bulk};
        Server inner{executor, desk};
        inner.listen_fd(std::move(place.socket));
        async::Job inner_job{executor, "the desk", inner.run()};
        Tunnel tunnel{executor, place.path};
        Server outer{executor, tunnel};
        outer.listen_tcp("127.0.0.1", 0);
        async::Job outer_job{executor, "the server", outer.run()};

        constexpr std::uint64_t many = 5'000'000;
        for (const auto* path : {"/counted", "/chunked"}) {
            auto request = make_request("GET", path);
            auto response = co_await tunnel.handle(request);
            CHECK(co_await is_counting(*response.source(), many));
        }
        for (const bool is_counted : {true, false}) {
            auto request = make_request("PUT", "/up");
            request.body = std::make_unique<Counting>(many);
            request.body_length = is_counted ? std::optional{many} : std::nullopt;
            CHECK(co_await ask(tunnel, std::move(request)) == "200 same");
        }
        auto early = make_request("PUT", "/early");
        early.body = std::make_unique<Counting>(many);
        early.body_length = many;
        CHECK(co_await ask(tunnel, std::move(early)) == "413 too large");

        const auto text = co_await exchange(executor, outer.port(),
                                            "GET /counted HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        CHECK(text.size() > many);
        // One connection carried all but the early answer's, and is kept.
        CHECK(inner.connections() <= 2);
        co_await outer_job.close();
        co_await inner_job.close();
    });
}
