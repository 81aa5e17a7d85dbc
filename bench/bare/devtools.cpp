#include "bench/bare/devtools.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <thread>

#include "core/error.hpp"
#include "core/sys.hpp"

namespace carrel::bench {

namespace {

using core::checked;

constexpr std::uint16_t port = 29222;

core::Error broken(std::string_view what) {
    return {core::Code::unavailable, fmt::format("the browser's port: {}", what)};
}

/// A network namespace is a thread's own, and a socket keeps the one that it was made in.
core::Fd connect_in(int process) {
    core::Fd socket;
    std::exception_ptr failure;
    std::thread{[&] {
        try {
            const auto space = core::open_file(fmt::format("/proc/{}/ns/net", process), O_RDONLY);
            checked("setns", ::setns(space.get(), CLONE_NEWNET));
            socket = core::Fd{checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(port);
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            checked("connect",
                    ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
            const int yes = 1;
            ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        } catch (...) {
            failure = std::current_exception();
        }
    }}.join();
    if (failure) std::rethrow_exception(failure);
    return socket;
}

std::string client_frame(std::string_view text) {
    if (text.size() > 0xffff) throw broken("a call that is too long");
    std::string frame{'\x81'};
    if (text.size() < 126) {
        frame += static_cast<char>(0x80 | text.size());
    } else {
        frame += '\xfe';
        frame += static_cast<char>(text.size() >> 8);
        frame += static_cast<char>(text.size());
    }
    frame.append(4, '\0');
    return frame.append(text);
}

}  // namespace

BareDevtools::BareDevtools(int first_process, const std::string& path) : socket_{connect_in(first_process)} {
    core::write_all(socket_.get(),
                    fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: Upgrade\r\n"
                                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: Y2FycmVsLWJlbmNoLi4uLg==\r\n\r\n",
                                path, port));
    while (!buffer_.contains("\r\n\r\n")) fill();
    if (!buffer_.starts_with("HTTP/1.1 101")) throw broken("no WebSocket at " + path);
    buffer_.erase(0, buffer_.find("\r\n\r\n") + 4);
}

void BareDevtools::fill() {
    char piece[16 * 1024];
    const auto count = checked("read", ::read(socket_.get(), piece, sizeof piece));
    if (count == 0) throw broken("the connection has ended");
    buffer_.append(piece, static_cast<std::size_t>(count));
}

std::string BareDevtools::next_frame() {
    for (;; fill()) {
        if (buffer_.size() < 2) continue;
        const auto byte = [&](std::size_t place) { return static_cast<unsigned char>(buffer_[place]); };
        const unsigned form = byte(1) & 0x7fu;
        if (form == 127) throw broken("an answer that is too long");
        const std::size_t head = form == 126 ? 4 : 2;
        if (buffer_.size() < head) continue;
        const std::size_t length = form == 126 ? byte(2) * 256uz + byte(3) : form;
        if (buffer_.size() < head + length) continue;
        auto text = buffer_.substr(head, length);
        buffer_.erase(0, head + length);
        return text;
    }
}

std::string BareDevtools::call(std::string_view message) {
    core::write_all(socket_.get(), client_frame(message));
    for (;;)
        if (auto text = next_frame(); text.starts_with(R"({"id":)")) return text;
}

}  // namespace carrel::bench
