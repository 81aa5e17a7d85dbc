// A server on a port of its own, and clients that speak bytes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "async/deadline.hpp"
#include "async/scope.hpp"
#include "core/sys.hpp"
#include "net/server.hpp"
#include "net/stream.hpp"
#include "tests/fakes/run_loop.hpp"

namespace carrel::net::test {

using namespace std::chrono_literals;

/// Answers by a function.
class Answering final : public Handler {
public:
    explicit Answering(std::function<Task<Response>(Request&)> answer) : answer_{std::move(answer)} {}
    Task<Response> handle(Request& request) override { return answer_(request); }

private:
    std::function<Task<Response>(Request&)> answer_;
};

inline Response streamed(std::unique_ptr<Source> source, std::optional<std::uint64_t> length = {}) {
    return stream_response(200, {}, std::move(source), length);
}

inline std::string get(std::string path, std::string more = "Connection: close\r\n") {
    return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + more + "\r\n";
}

inline std::unique_ptr<Stream> dial(async::Executor executor, std::uint16_t port) {
    core::Fd socket{core::checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    core::checked("connect", connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
    return make_stream(std::move(executor), std::move(socket));
}

/// Two ends of one connection.
struct Ends {
    std::unique_ptr<Stream> ours;
    std::unique_ptr<Stream> theirs;
};

inline Ends make_ends(const async::Executor& executor) {
    int pair[2];
    core::checked("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    return {make_stream(executor, core::Fd{pair[0]}), make_stream(executor, core::Fd{pair[1]})};
}

namespace detail {

inline Task<std::string> read_to(Stream& stream, std::string marker, std::string& text) {
    std::array<char, 4096> piece{};
    while (marker.empty() || text.find(marker) == std::string::npos) {
        const auto count = co_await stream.read(piece);
        if (count == 0) break;
        text.append(piece.data(), count);
    }
    co_return text;
}

}  // namespace detail

/// Reads on until `text` holds `marker`, or the other side ends. An empty marker: until the end.
inline Task<std::string> read_to(Stream& stream, std::string marker, std::string text = {}) {
    co_return co_await async::deadline(20s, "reading up to a marker",
                                       detail::read_to(stream, std::move(marker), text));
}

/// Sends `bytes`, gives all that comes until the server closes.
inline Task<std::string> exchange(async::Executor executor, std::uint16_t port, std::string bytes) {
    const auto stream = dial(std::move(executor), port);
    co_await stream->write(bytes);
    co_return co_await read_to(*stream, {});
}

using ServerTest = std::function<Task<>(Server&, async::Executor)>;

/// Runs `test` against a server of `handler`, and the server down again.
inline void with_server(Handler& handler, ServerLimits limits, const ServerTest& test) {
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        Server server{executor, handler, limits};
        server.listen_tcp("127.0.0.1", 0);
        async::Job job{executor, "the server", server.run()};
        std::exception_ptr failure;
        try {
            co_await async::deadline(60s, "a test", test(server, executor));
        } catch (...) {
            failure = std::current_exception();
        }
        co_await job.close();
        if (failure) std::rethrow_exception(failure);
    });
}

}  // namespace carrel::net::test
