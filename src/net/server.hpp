// The HTTP/1.1 server: sockets in, requests to a Handler, answers out.
//
// A connection is served by one task, one request after another; pipelined requests wait in the socket.
// Bodies are pulled by the handler and never collected. Nothing of HTTP's framing reaches a handler:
// what is ambiguous is refused by net/framing before, and the server alone writes Content-Length,
// Transfer-Encoding, Connection, Date and X-Request-Id.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "async/task.hpp"
#include "core/fd.hpp"
#include "net/http.hpp"

namespace carrel::net {

/// What one client may cost. Times are checked about once a second (more often when they are shorter), and
/// when nothing happens on any connection for a while, each half minute.
struct ServerLimits {
    std::size_t header_bytes = 32uz * 1024;            ///< request line and headers together; beyond: 431
    std::chrono::milliseconds header_time{10'000};     ///< from the first byte of a head to its end; then 408
    std::chrono::milliseconds idle_time{75'000};       ///< between two requests; then closed
    std::chrono::milliseconds body_idle_time{60'000};  ///< one read of a body, or one write that makes no way
    std::size_t connections = 512;  ///< beyond: one that only waits is closed, else the new one after a 503
    std::uint64_t drain_bytes = 256uz * 1024;  ///< of a body the handler left, read to keep the connection
    std::size_t connections_of_one = 0;        ///< of one client's network; 0: as many as of all
    /// On which no request has been answered that is_known; 0: everybody who reaches us may call us.
    std::size_t strangers = 0;
    std::uint64_t collected_bytes = 256uz << 20;  ///< of all bodies together that handlers hold in memory
    /// What is answered also on a connection too many: whoever watches over us shall not take a crowd for our
    /// end.
    bool (*is_always_answered)(const Request& request) = nullptr;
};

class Server {
public:
    /// `handler` must outlive run().
    Server(async::Executor executor, Handler& handler, ServerLimits limits = {});
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Listens on an IPv4 or IPv6 address; port 0 takes a free one. Throws conflict when the port is in
    /// use, forbidden when it may not be taken, invalid when the address is none.
    void listen_tcp(const std::string& address, std::uint16_t port);
    /// Takes a socket that already listens, Unix or TCP.
    void listen_fd(core::Fd socket);
    /// Of the first TCP socket; 0 when there is none.
    std::uint16_t port() const;

    /// Serves until it is cancelled; then no connection is left. A stream (StreamedBody) whose client
    /// has gone away is cancelled within about a second, also while its source waits; handle() itself
    /// runs to its end, so that what it began is not left half done, unless Request::may_be_dropped says
    /// that it may be cancelled too.
    Task<> run();

    /// How many connections are open now.
    std::size_t connections() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carrel::net
