#include "net/listener.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/log.hpp"
#include "core/sys.hpp"

namespace carrel::net {

namespace {

constexpr std::chrono::milliseconds between_refusals{200};
constexpr int queue_length = 4096;  // the kernel cuts it to net.core.somaxconn

struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
};

template <class Kind>
Address pack(const Kind& kind) {
    Address packed;
    std::memcpy(&packed.bytes, &kind, sizeof kind);
    packed.size = sizeof kind;
    return packed;
}

Address parse_address(const std::string& text, std::uint16_t port) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    if (inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) return pack(four);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    if (inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1) return pack(six);
    throw core::Error{core::Code::invalid,
                      fmt::format("\"{}\" is not an IP address; 127.0.0.1, ::1 and 0.0.0.0 are", text)};
}

/// Its first 64 bits: "2001:db8:0:1::/64".
std::string network_of(in6_addr address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    std::fill(address.s6_addr + 8, address.s6_addr + 16, 0);
    inet_ntop(AF_INET6, &address, text.data(), text.size());
    return fmt::format("{}/64", text.data());
}

Peer peer_of(const sockaddr_storage& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.ss_family == AF_INET) {
        sockaddr_in four{};
        std::memcpy(&four, &address, sizeof four);
        inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
        return {text.data(), ntohl(four.sin_addr.s_addr) >> 24 == 127};
    }
    if (address.ss_family != AF_INET6) return {"unix", true};
    sockaddr_in6 six{};
    std::memcpy(&six, &address, sizeof six);
    inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
    const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&six.sin6_addr);
    const bool is_loopback =
        (is_mapped && six.sin6_addr.s6_addr[12] == 127) || IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
    return {text.data(), is_loopback, is_mapped ? std::string{text.data()} : network_of(six.sin6_addr)};
}

/// Small answers go at once. A client that has vanished without a word is found out by the kernel after two
/// minutes, also where nobody writes to it.
void set_up_tcp(int socket) {
    const auto set = [socket](int level, int option, int value) {
        setsockopt(socket, level, option, &value, sizeof value);
    };
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

core::Fd open_reserve() { return core::Fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)}; }

}  // namespace

core::Fd listen_at(const std::string& address, std::uint16_t port) {
    const auto packed = parse_address(address, port);
    core::Fd socket{core::checked(
        "make a socket", ::socket(packed.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))};
    const int on = 1;
    core::checked("setsockopt SO_REUSEADDR",
                  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&packed.bytes), packed.size) != 0) {
        if (errno == EADDRINUSE)
            throw core::Error{core::Code::conflict,
                              fmt::format("port {} on {} is in use already", port, address), "port_in_use"};
        throw core::system_error(fmt::format("listen on {}:{}", address, port), errno);
    }
    core::checked(fmt::format("listen on {}:{}", address, port), listen(socket.get(), queue_length));
    return socket;
}

std::uint16_t port_of(const core::Fd& socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    core::checked("getsockname", getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size));
    if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return 0;
    // The port stands at the same place in both.
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    return ntohs(four.sin_port);
}

Listener::Listener(async::Executor executor, core::Fd socket)
    // A program that lacks it from the beginning could neither take connections nor refuse them.
    : port_{port_of(socket)},
      reserve_{core::checked("open /dev/null", open_reserve().release())},
      socket_{std::move(executor), socket.get()} {
    socket.release();
    socket_.non_blocking(true);
}

async::Task<Listener::Arrival> Listener::accept() {
    for (;;) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        const int number = accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (number >= 0) co_return take(number, address);
        const int error = errno;
        // Where not even one can be dropped, it waits: asked again at once, the answer would be the same.
        if ((error == EMFILE || error == ENFILE) && !drop_one()) co_await async::pause(between_refusals);
        // The rest are failures of the connection that was waiting (accept(2)), or signals.
        if (error == EAGAIN)
            co_await socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                        boost::asio::use_awaitable);
        else if (error == EBADF || error == EINVAL || error == ENOTSOCK || error == EOPNOTSUPP)
            throw core::system_error("accept a connection", error);
        else
            co_await async::yield_turn();
    }
}

Listener::Arrival Listener::take(int number, const sockaddr_storage& address) const {
    core::Fd socket{number};
    if (address.ss_family == AF_INET || address.ss_family == AF_INET6) set_up_tcp(number);
    return {std::move(socket), peer_of(address)};
}

bool Listener::drop_one() {
    reserve_.reset();
    core::Fd dropped{accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC)};
    const bool has_dropped = static_cast<bool>(dropped);
    dropped.reset();
    reserve_ = open_reserve();
    if (has_dropped) core::log_error("a connection was dropped: the program has too many files open");
    return has_dropped;
}

}  // namespace carrel::net
