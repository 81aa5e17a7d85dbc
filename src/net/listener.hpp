// Listening sockets.
#pragma once

#include <sys/socket.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <string>
#include <utility>

#include "async/task.hpp"
#include "core/fd.hpp"
#include "net/http.hpp"

namespace carrel::net {

/// A socket that listens at an IP address. Errors: see Server::listen_tcp.
core::Fd listen_at(const std::string& address, std::uint16_t port);
/// The port a listening socket has; 0 when it is no IP socket.
std::uint16_t port_of(const core::Fd& socket);

class Listener {
public:
    Listener(async::Executor executor, core::Fd socket);

    struct Arrival {
        core::Fd socket;  ///< non-blocking; TCP_NODELAY where it is TCP
        Peer peer;
    };
    /// The next connection. When the program has no descriptor left, waiting connections are dropped
    /// (and this is logged), because they cannot be served and would keep the loop busy.
    async::Task<Arrival> accept();
    std::uint16_t port() const { return port_; }

private:
    Arrival take(int number, const sockaddr_storage& address) const;
    /// False when there is no descriptor for that either.
    bool drop_one();

    std::uint16_t port_;
    core::Fd reserve_;  ///< given up for a moment when there is no other descriptor
    boost::asio::posix::stream_descriptor socket_;
};

}  // namespace carrel::net
